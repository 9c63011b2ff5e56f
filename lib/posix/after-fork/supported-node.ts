// On which Node.js a child has nothing of the parent's event loop, and why not on another.

const [major = 0, minor = 0] = process.versions.node.split('.').map(Number)

// As `engines` of package.json has it. Others keep rejections, or the jobs of the loader of modules, otherwise.
const isSupported = major === 20 ? minor >= 17 : major === 22 ? minor >= 3 : major > 22

/** Why fork() is not safe here; undefined where nothing is known against it. */
export function whyUnsupported(): string | undefined {
  if (!isSupported)
    return `Node.js ${process.version} is not supported: take 20.17 or later, 22.3 or later, or 24 and later`
  if (Number(process.env['UV_USE_IO_URING'] ?? 0) !== 0)
    return 'UV_USE_IO_URING has libuv use a ring that a child shares with its parent'
  return undefined
}
