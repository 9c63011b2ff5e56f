// What `for await` runs over: one promise a chunk, where an async generator makes several.

/** What an iteration is over with. */
export const FINISHED: IteratorReturnResult<undefined> = { done: true, value: undefined }

export interface ChunkSource {
  nextChunk(): Promise<IteratorResult<Buffer, undefined>>
}

/** Gives what comes, chunk for chunk. */
export class Chunks implements AsyncGenerator<Buffer> {
  readonly #source: ChunkSource

  constructor(source: ChunkSource) {
    this.#source = source
  }

  next(): Promise<IteratorResult<Buffer, undefined>> {
    return this.#source.nextChunk()
  }

  async return(): Promise<IteratorResult<Buffer, undefined>> {
    return FINISHED
  }

  async throw(error: unknown): Promise<IteratorResult<Buffer, undefined>> {
    throw error
  }

  [Symbol.asyncIterator](): this {
    return this
  }

  async [Symbol.asyncDispose](): Promise<void> {}
}
