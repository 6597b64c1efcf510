/**
 * Takes away half of a large program's time; to be imported first by a program.
 *
 * The SDK makes an error for each promise and each resource, only to keep its stack as a text in case a promise never
 * settles (`runtime/debuggable.js`, `resource.js` of @pulumi/pulumi), and `source-map-support`, which its start-up loads
 * before the program, looks up every frame of every one. Those errors carry no message. They get no frames here; all
 * others keep theirs. Node runs the TypeScript itself, without moving a line, so there is no map to look anything up in.
 * What is lost is the line of the program that the engine notes beside each resource.
 */
import * as debuggable from "@pulumi/pulumi/runtime/debuggable.js";

Error.prepareStackTrace = (error, frames) =>
  error.message === "" ? String(error) : [String(error), ...frames].join("\n    at ");

// To take frames that nobody asks for is a sixth of what is left. An ES module's view of the SDK cannot be changed; what
// it is a view of can.
type Debuggable = { debuggablePromise: (...args: readonly unknown[]) => unknown };
const view = debuggable as unknown as Debuggable & { readonly default?: Debuggable };
const sdk = view.default ?? view;
const { debuggablePromise } = sdk;
sdk.debuggablePromise = (...args) => {
  const { stackTraceLimit } = Error;
  Error.stackTraceLimit = 0;
  try {
    return debuggablePromise(...args);
  } finally {
    Error.stackTraceLimit = stackTraceLimit;
  }
};
