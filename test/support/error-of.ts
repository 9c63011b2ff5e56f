// What a call throws, as plain data that a report can carry.
export interface Thrown {
  returned?: unknown
  code?: string
  errno?: number
  syscall?: string
  message?: string
}

function plain(error: unknown): Thrown {
  const { code, errno, syscall, message } = error as NodeJS.ErrnoException
  return Object.fromEntries(
    Object.entries({ code, errno, syscall, message }).filter(([, value]) => value !== undefined),
  )
}

export function errorOf(call: () => unknown): Thrown {
  try {
    return { returned: call() }
  } catch (error) {
    return plain(error)
  }
}

export async function rejectionOf(promise: Promise<unknown>): Promise<Thrown> {
  try {
    return { returned: await promise }
  } catch (error) {
    return plain(error)
  }
}

/** The code of what it rejects with, or what it resolves to. */
export async function codeOf(promise: Promise<unknown>): Promise<unknown> {
  const { returned, code } = await rejectionOf(promise)
  return code ?? returned
}
