// A promise with its resolve function beside it (Promise.withResolvers, which Node 20 has not).

export class Deferred<T = void> {
  resolve!: (value: T) => void
  readonly promise = new Promise<T>((resolve) => (this.resolve = resolve))
}
