// The handler "upload" as a module, for servers that load it once a thread.
export { upload as default } from '../handlers.js'
