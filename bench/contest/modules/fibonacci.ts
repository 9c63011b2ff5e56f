// The handler "fibonacci" as a module, for servers that load it once a thread.
export { fibonacci as default } from '../handlers.js'
