// What a listener throws keeps nothing else from being done: it is thrown where nobody catches it, as any listener's.
export function rethrowLater(call: () => void): void {
  try {
    call()
  } catch (error) {
    process.nextTick(() => {
      throw error
    })
  }
}
