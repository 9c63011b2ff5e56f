// What the package posix-async-compare takes from the command of posix-async ("posix-async/command"); for it alone, and free to change.
export { bytes, connectPort, duration, durationOption, positiveDuration, whole } from './arguments.js'
export { EXIT, Failure } from './failure.js'
export { findCompiler, which } from './programs.js'
