import type { MatrixCase } from './matrix-case.ts'
import { fieldOf } from './scripted-answers.ts'

const draw = `const canvas = document.createElement('canvas'); const context = canvas.getContext('2d');
  const drawn = image => { context.drawImage(image, 0, 0); try { return [...context.getImageData(0, 0, 1, 1).data].length } catch (error) { return error.name } };`

const font = (bucket: string) =>
  `return new FontFace('Square', 'url(' + own(s3 + '/${bucket}/shown/font.ttf') + ')').load().then(face => face.status, error => error.name)`

/** Ranges, pictures, sounds and fonts. */
export const mediaCases: readonly MatrixCase[] = [
  {
    name: 'a range is readable, with Content-Range exposed',
    on: 'MinIO',
    script: `const init = { headers: { Range: 'bytes=1-2' } };
      return [await ask(s3 + '/media/shown/text.txt', init), await field(s3 + '/media/shown/text.txt', 'content-range', init)]`,
    expected: ['206 ex', 'bytes 1-2/4'],
    preflights: 0,
  },
  {
    name: 'a suffix range is asked about first',
    on: 'MinIO',
    script: `return ask(s3 + '/media/shown/text.txt', { headers: { Range: 'bytes=-2' } })`,
    expected: '206 xt',
    preflights: 1,
  },
  {
    name: 'a range beyond the end is readable as the error it is',
    on: 'MinIO',
    script: `return (await ask(s3 + '/media/shown/text.txt', { headers: { Range: 'bytes=100-200' } })).slice(0, 3)`,
    expected: '416',
    preflights: 0,
  },
  {
    name: 'a <video> with crossorigin plays and seeks by ranges',
    on: 'scripted',
    script: `const { element, event } = await load('video', { crossOrigin: 'anonymous', preload: 'metadata', src: s3 + '/media/sound.wav' }, 'loadedmetadata');
      if (event === 'error') return 'error';
      const sought = new Promise(resolve => { element.onseeked = () => resolve('seeked'); element.onerror = () => resolve('error') });
      element.currentTime = 1900; return [element.duration, await sought]`,
    expected: [2000, 'seeked'],
    after: async (t, { upstream }) => {
      const ranges = upstream.requests
        .filter(({ target }) => target.startsWith('/media/sound.wav'))
        .map(request => Number(/^bytes=(\d+)-/.exec(fieldOf(request, 'range') ?? '')?.[1]))
      t.ok(ranges.includes(0), 'the whole is asked for as a range')
      t.ok(
        ranges.some(first => first > 1_000_000),
        'and then what is sought',
        { ranges },
      )
    },
  },
  {
    name: 'a <video> with crossorigin does not play what the rules do not let it read',
    on: 'scripted',
    script: `return (await load('video', { crossOrigin: 'anonymous', preload: 'metadata', src: s3 + '/others/sound.wav' }, 'loadedmetadata')).event`,
    expected: 'error',
  },
  {
    name: 'a <video> without crossorigin plays in any case',
    on: 'scripted',
    script: `return (await load('video', { preload: 'metadata', src: s3 + '/others/sound.wav' }, 'loadedmetadata')).event`,
    expected: 'loadedmetadata',
  },
  {
    name: 'a picture with crossorigin leaves the canvas clean',
    on: 'MinIO',
    script: `${draw} const { element, event } = await load('img', { crossOrigin: 'anonymous', src: s3 + '/media/shown/picture.png' }, 'load');
      return [event, drawn(element)]`,
    expected: ['load', 4],
  },
  {
    name: 'a picture with crossorigin=use-credentials leaves the canvas clean',
    on: 'MinIO',
    script: `${draw} const { element, event } = await load('img', { crossOrigin: 'use-credentials', src: s3 + '/media/shown/picture.png' }, 'load');
      return [event, drawn(element)]`,
    expected: ['load', 4],
  },
  {
    name: 'a picture with crossorigin is not shown where no rule lists the origin',
    on: 'MinIO',
    script: `return (await load('img', { crossOrigin: 'anonymous', src: s3 + '/others/shown/picture.png' }, 'load')).event`,
    expected: 'error',
  },
  {
    name: 'a picture without crossorigin is shown and taints the canvas',
    on: 'MinIO',
    script: `${draw} const { element, event } = await load('img', { src: s3 + '/media/shown/picture.png' }, 'load'); return [event, drawn(element)]`,
    expected: ['load', 'SecurityError'],
  },
  { name: 'a font loads where a rule lists the origin', on: 'MinIO', script: font('media'), expected: 'loaded' },
  { name: 'a font does not load where none does', on: 'MinIO', script: font('others'), expected: 'NetworkError' },
]
