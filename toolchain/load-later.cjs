// Spares each Pulumi program and each policy pack two thirds of what loading the SDK costs. Node runs it before
// anything else (`--require`, from environment.mjs).
//
// The SDK loads npm's dependency solver and TypeScript's compiler at its start, whole. It uses them only to write
// functions out as text, for dynamic providers and the like (`runtime/closure` of @pulumi/pulumi), so they come when
// somebody first asks them for something.
"use strict";

const Module = require("node:module");

/** Module requests of the SDK's files, by their end, that are answered later. */
const later = ["@npmcli/arborist", "/typescript-shim"];

const load = Module._load;

Module._load = function (request, parent, ...rest) {
  const now = () => load.call(this, request, parent, ...rest);
  const isOfSdk = /[/\\]@pulumi[/\\]pulumi[/\\](runtime|provider)[/\\]/.test(
    parent?.filename ?? "",
  );
  return isOfSdk && later.some((end) => request.endsWith(end)) ? whenAsked(now) : now();
};

/**
 * An object that stands for a module, and loads it at the first question about it.
 * @param {() => object} loadIt
 * @returns {object}
 */
function whenAsked(loadIt) {
  let loaded;
  const module = () => {
    loaded ??= loadIt();
    return loaded;
  };
  return new Proxy(
    {},
    {
      // Asked before any use: whether the module may be taken as it is.
      get: (_, name) => (name === "__esModule" ? true : module()[name]),
      has: (_, name) => name in module(),
      ownKeys: () => Reflect.ownKeys(module()),
      getOwnPropertyDescriptor: (_, name) => {
        const found = Reflect.getOwnPropertyDescriptor(module(), name);
        return found && { ...found, configurable: true };
      },
    },
  );
}
