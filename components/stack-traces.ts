/**
 * Takes away half of a large program's time; to be imported first by a program.
 *
 * The SDK makes an error for each promise and each resource, only to keep its stack as a text in case a promise never
 * settles (`runtime/debuggable.js`, `resource.js` of @pulumi/pulumi), and `source-map-support`, which its start-up loads
 * before the program, looks up every frame of every one. Those errors carry no message. They get no frames here; all
 * others keep theirs. Node runs the TypeScript itself, without moving a line, so there is no map to look anything up in.
 * What is lost is the line of the program that the engine notes beside each resource.
 */
Error.prepareStackTrace = (error, frames) =>
  error.message === "" ? String(error) : [String(error), ...frames].join("\n    at ");
