// The idiomatic half of the package: re-exports only.
export { ErrnoError } from './errors.js'
