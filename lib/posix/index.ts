// The C functions under their C names, one file a header. See design: what C returns through pointers is returned.
export * from './fcntl.js'
export * from './netinet-in.js'
export * from './netinet-tcp.js'
export * from './pidfd.js'
export * from './sys-socket.js'
export * from './sys-wait.js'
export * from './unistd.js'
