# syntax=docker/dockerfile:1

# The Node.js that this project is developed and tested with: the development dependency `node` in package.json names it too. The
# digests are those of indexes for several platforms; the tags beside them say what they are.
FROM node:24.21.0-bookworm-slim@sha256:2fe369e969550cde8e867afc3fe370b260140cab4a23d467074295b42163d553 AS manifest
WORKDIR /app
COPY package.json package-lock.json ./

# What the proxy needs to run. Beside the build, so that a change of the source does not install it again.
# --ignore-scripts: `prepare` builds, and there is no compiler here; no dependency has a script that it needs.
FROM manifest AS dependencies
RUN --mount=type=cache,target=/root/.npm npm ci --omit=dev --ignore-scripts

# --ignore-scripts: there is no source yet to prepare, and the image brings its own Node.js.
FROM manifest AS build
RUN --mount=type=cache,target=/root/.npm npm ci --ignore-scripts
COPY tsconfig.json ./
COPY src ./src
RUN npm run build

# The C and C++ libraries that Node.js needs, no shell, no npm, no package manager.
FROM gcr.io/distroless/cc-debian12:nonroot@sha256:9dac0a79194e45a7da0158a9c6da57b217585af0786db3845d1f0ec1a0dd182f
ARG VERSION=0.1.0
ARG REVISION=unknown
LABEL org.opencontainers.image.title="s3-cors-proxy" \
      org.opencontainers.image.description="Per-bucket CORS in front of any S3 endpoint: enforced, explained and counted, without touching the storage." \
      org.opencontainers.image.licenses="MIT" \
      org.opencontainers.image.version="$VERSION" \
      org.opencontainers.image.revision="$REVISION"

# MALLOC_ARENA_MAX: glibc keeps an arena for each of up to eight threads per core, and buffers of big uploads leave each of
# them with holes. Two arenas keep the memory down and cost nothing: nearly all work is on one thread.
# MALLOC_MMAP_THRESHOLD_, MALLOC_TRIM_THRESHOLD_: buffers from 1 MiB on, and the end of the heap, are given back when they are
# free; by itself glibc keeps more and more of them (`npm run soak`).
# S3CORS_CONFIG: so that `check` and `explain` find the file as `serve` does.
ENV NODE_ENV=production \
    MALLOC_ARENA_MAX=2 \
    MALLOC_MMAP_THRESHOLD_=1048576 \
    MALLOC_TRIM_THRESHOLD_=1048576 \
    S3CORS_CONFIG=/etc/s3-cors-proxy/proxy.yaml

# The very program that was tested. An image that brings a Node.js of its own brings the one of its day.
COPY --from=manifest /usr/local/bin/node /nodejs/bin/node

WORKDIR /app
COPY LICENSE package.json ./
COPY --from=dependencies /app/node_modules ./node_modules
COPY --from=build /app/dist ./dist

# The image's own user by its number: Kubernetes' runAsNonRoot cannot read a name. Everything above belongs to root, and the
# proxy writes nothing: a read-only root needs no exception. (`managed.store.directory`, if used, is a volume.)
USER 65532:65532

# S3, and the admin port. To scrape the latter from outside, the configuration has to say `admin: 0.0.0.0:9464`.
EXPOSE 8080 9464

# Drains. With drainSeconds at 25, as it is unless configured, `docker stop` needs --time 30.
STOPSIGNAL SIGTERM

# There is neither a shell nor curl to ask with. Orchestrators ask /readyz and /livez themselves. The port is that of `admin` in
# S3CORS_ADMIN or the configuration.
HEALTHCHECK --interval=15s --timeout=5s --start-period=15s --retries=3 \
  CMD ["/nodejs/bin/node", "/app/dist/cli.js", "probe"]

# The exec form: signals reach the proxy, which is process 1. --disable-sigusr1: no signal opens Node's debugger. `serve` starts Node
# again in the same process, with the options of V8 that pay and that the container's memory limit allows.
ENTRYPOINT ["/nodejs/bin/node", "--disable-sigusr1", "/app/dist/cli.js"]
CMD ["serve"]
