// Spares each Pulumi program and each policy pack most of what loading the SDK costs. Node runs it before anything else
// (`--require`, from environment.mjs).
//
// The SDK loads npm's dependency solver and TypeScript's compiler at its start, whole. It uses them only to write
// functions out as text, for dynamic providers and the like (`runtime/closure` of @pulumi/pulumi), so they come when
// somebody first asks them for something. So does its automation, which runs the CLI, and its connection to the debugger.
"use strict";

const Module = require("node:module");
const { promisify } = require("node:util");

/** Module requests of the SDK's files, by their end, that are answered later. */
const later = ["@npmcli/arborist", "/typescript-shim", "./automation"];

/**
 * Looks up every frame of every error's stack in a map, those of the errors too that the SDK makes for each promise and
 * nobody sees. Without it the SDK's own frames name lines of its JavaScript; ts-node brings its own for programs that it
 * compiles.
 */
const never = "source-map-support/register";

const load = Module._load;

Module._load = function (request, parent, ...rest) {
  const now = () => load.call(this, request, parent, ...rest);
  if (!isOfSdk(parent)) return now();
  if (request === never) return {};
  if (request.endsWith("/v8Hooks")) return debuggerLater;
  if (watched !== undefined && request.endsWith("/resource_pb")) return watchedProtocol(now());
  return later.some((end) => request.endsWith(end)) ? whenAsked(now) : now();
};

/**
 * In place of `runtime/closure/v8Hooks`, which connects to Node's debugger before a program is loaded, to name the file of a
 * function that cannot be written out: all that is loaded under a debugger is compiled anew, a quarter of what a small
 * program costs. Whoever connects later is told of every script that is there.
 */
const debuggerLater = {
  isInitializedAsync: async () => {},
  getSessionAsync: () => {
    session ??= connected();
    return session;
  },
  getScriptUrl: (id) => urls.get(id),
};

let session;
const urls = new Map();

async function connected() {
  const { Session } = require("node:inspector");
  require("node:v8").setFlagsFromString("--allow-natives-syntax");
  const connection = new Session();
  connection.connect();
  connection.on("Debugger.scriptParsed", ({ params }) => urls.set(params.scriptId, params.url));
  await promisify(connection.post).call(connection, "Debugger.enable");
  return connection;
}

/** Where `npm start` wants to read what a program has asked for (unchanged.mjs). */
const watched = process.env.KUBELET_TRUST_REQUESTS;
let isWatched = false;

function watchedProtocol(protocol) {
  if (!isWatched) require("./requests.cjs").watchRequests(protocol, watched);
  isWatched = true;
  return protocol;
}

/** @param {{ filename?: string } | undefined} module */
function isOfSdk(module) {
  return /[/\\]@pulumi[/\\]pulumi[/\\]((cmd|runtime|provider)[/\\]|index\.js$)/.test(
    module?.filename ?? "",
  );
}

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
