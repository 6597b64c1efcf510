// Writes down a digest of all that a program asks the engine to register, unless others ask for it too: load-later.cjs
// loads this into each program when `npm start` wants to know (unchanged.mjs). The digest alone is kept: private keys are
// among what is asked for.
"use strict";

const { createHash } = require("node:crypto");
const fs = require("node:fs");
const path = require("node:path");

/** The messages of pulumi's `proto/pulumi/resource.proto` that say what a state is to hold. */
const messages = [
  "RegisterResourceRequest",
  "RegisterResourceOutputsRequest",
  "ReadResourceRequest",
];

/**
 * @param {Record<string, { prototype: { serializeBinary: () => Uint8Array } }>} protocol the SDK's messages
 * @param {string} folder where the digest is written to when the program ends: `preview` or `update`
 */
exports.watchRequests = (protocol, folder) => {
  // Now, for the SDK's runner takes its own arguments away.
  const run = process.argv.includes("--dry-run") ? "preview" : "update";
  const digests = [];
  let isAll = true;
  for (const name of messages) {
    const { prototype } = protocol[name];
    const { serializeBinary } = prototype;
    prototype.serializeBinary = function () {
      // A component in another process registers its parts itself.
      if (this.getRemote?.()) isAll = false;
      const bytes = serializeBinary.call(this);
      digests.push(createHash("sha256").update(name).update(bytes).digest("hex"));
      return bytes;
    };
  }
  process.on("exit", () => {
    if (!isAll || digests.length === 0) return;
    // What a program asks for at the same time comes in any order.
    const digest = createHash("sha256").update(digests.sort().join("\n")).digest("hex");
    fs.writeFileSync(path.join(folder, run), digest, { mode: 0o600 });
  });
};
