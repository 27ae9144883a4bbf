import t from 'tap'
import { Doubts } from '../../../../src/proxy/upstream/pool/doubts.ts'

t.test('a request is sent again after three seconds', async t => {
  const doubts = new Doubts()
  t.equal(doubts.begin(2999), false)
  t.equal(doubts.begin(3000), true)
})

t.test('six at a time, whatever becomes of them', async t => {
  for (const over of ['onLost', 'onDropped'] as const) {
    const doubts = new Doubts()
    for (let i = 0; i < 6; i++) t.equal(doubts.begin(3000), true)
    t.equal(doubts.begin(60_000), false)
    doubts[over]()
    t.equal(doubts.begin(3000), true)
    t.equal(doubts.begin(3000), false)
  }
})

t.test('an endpoint that answers after a minute is asked twice once in a thousand requests', async t => {
  const doubts = new Doubts()
  let again = 0
  for (let request = 0; request < 1000; request++) {
    for (let waitedMs = 0; waitedMs < 60_000; waitedMs += 250) {
      if (!doubts.begin(waitedMs)) continue
      again++
      doubts.onAnswered(60_000)
      break
    }
  }
  t.equal(again, 1)
})

t.test('what was lost makes the wait shorter again, down to three seconds', async t => {
  const doubts = new Doubts()
  doubts.begin(3000)
  doubts.onAnswered(5000)
  for (const waitMs of [10_000, 5000, 3000, 3000]) {
    t.equal(doubts.begin(waitMs - 1), false)
    t.equal(doubts.begin(waitMs), true)
    doubts.onLost()
  }
})
