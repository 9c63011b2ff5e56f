// The handler "echo" as a module, for servers that load it once a thread.
export { echo as default } from '../handlers.js'
