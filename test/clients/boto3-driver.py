# Does what it is told, a line of JSON at a time: {"client": …} makes a client, {"call": …} calls it. One line answers each.

import datetime, hashlib, io, json, sys

import boto3
from boto3.s3.transfer import TransferConfig
from botocore.client import Config
from botocore.exceptions import ClientError

MIB = 1024 * 1024
transfer = TransferConfig(multipart_threshold=5 * MIB, multipart_chunksize=5 * MIB, use_threads=False)


class Stream(io.RawIOBase):
    """Bytes whose length is known and that can be read once."""

    def __init__(self, content):
        self.content = io.BytesIO(content)
        self.length = len(content)

    def __len__(self):
        return self.length

    def readable(self):
        return True

    def read(self, size=-1):
        return self.content.read(size)


def make_client(options, config):
    return boto3.client('s3', config=Config(retries={'max_attempts': 0}, **config), **options)


def plain(value):
    if isinstance(value, dict):
        return {name: plain(one) for name, one in value.items() if name != 'ResponseMetadata'}
    if isinstance(value, list):
        return [plain(one) for one in value]
    if isinstance(value, datetime.datetime):
        return 'TIME'
    if hasattr(value, 'iter_chunks'):
        return hashlib.sha256(value.read()).hexdigest()
    return value


def call(client, name, arguments, body, stream):
    if body is not None:
        content = open(body, 'rb').read()
        arguments = {**arguments, 'Body': Stream(content) if stream else content}
    if name in ('upload_file', 'download_file', 'copy'):
        arguments = {**arguments, 'Config': transfer}
    return plain(getattr(client, name)(**arguments))


client = None
for line in sys.stdin:
    job = json.loads(line)
    try:
        if 'client' in job:
            client = make_client(job['client'], job['config'])
            answer = {'done': None}
        else:
            answer = {'done': call(client, job['call'], job['arguments'], job.get('body'), job.get('stream'))}
    except ClientError as error:
        answer = {'refused': error.response['Error']['Code']}
    except Exception as error:
        answer = {'refused': type(error).__name__, 'text': str(error)}
    print(json.dumps(answer), flush=True)
