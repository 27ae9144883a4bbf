/** Rounds of questions to all workers, each of which ends when all have answered, have ended, or are too late. */
export interface Settlement<Member> {
  /** `ask` is called for each member; resolves with the members that did not answer in time. */
  settle(
    members: Iterable<Member>,
    ask: (member: Member, id: number) => void,
    timeoutMs: number,
  ): Promise<readonly Member[]>
  answered(member: Member, id: number): void
  /** Whoever has ended is waited for no longer. */
  left(member: Member): void
}

interface Round<Member> {
  readonly open: Set<Member>
  readonly done: () => void
}

/** Numbers the rounds. */
export function createSettlement<Member>(): Settlement<Member> {
  const rounds = new Map<number, Round<Member>>()
  let lastId = 0

  function strike(round: Round<Member> | undefined, member: Member): void {
    if (round?.open.delete(member) && round.open.size === 0) round.done()
  }

  return {
    async settle(members, ask, timeoutMs) {
      const open = new Set(members)
      if (open.size === 0) return []
      const id = ++lastId
      const { promise, resolve } = Promise.withResolvers<void>()
      const timer = setTimeout(resolve, timeoutMs)
      rounds.set(id, { open, done: resolve })
      for (const member of [...open]) ask(member, id)
      await promise
      clearTimeout(timer)
      rounds.delete(id)
      return [...open]
    },
    answered: (member, id) => strike(rounds.get(id), member),
    left(member) {
      for (const round of rounds.values()) strike(round, member)
    },
  }
}
