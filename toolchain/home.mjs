// A PULUMI_HOME built from source: the CLI, the language host and the plugins, laid out as the
// vendor's installers would. It lies in this project's cache, where no other project looks.
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { cacheRoot, contentKey, ensureCached, hashFolder } from "./cache.mjs";
import { createEstimate } from "./estimate.mjs";
import { ensureBuilt, isBuilt } from "./go.mjs";
import { repository } from "./paths.mjs";
import { elapsed } from "./progress.mjs";
import { versions } from "./versions.mjs";

/**
 * A part of the home.
 * @typedef {import("./go.mjs").GoBuild & { installed: string, course: import("./estimate.mjs").Course }} Part
 * installed: where its only binary goes, relative to the home
 * course: how it went when all were built one after the other, each taking what is compiled from those before it
 */

const kubernetesModule = "github.com/pulumi/pulumi-kubernetes/provider/v4";

/**
 * What the home is made of.
 * @type {readonly Part[]}
 */
export const parts = [
  {
    name: "pulumi",
    title: `the Pulumi CLI ${versions.pulumi}`,
    moduleDir: moduleFolder("pulumi"),
    packages: ["github.com/pulumi/pulumi/pkg/v3/cmd/pulumi"],
    tags: ["osusergo", "grpcnotrace"],
    ldflags: [`-X github.com/pulumi/pulumi/sdk/v3/go/common/version.Version=v${versions.pulumi}`],
    installed: `versions/${versions.pulumi}/bin/pulumi`,
    // Few and large packages come late, and linking takes the end.
    course: [
      [84, 24],
      [686, 65],
      [1103, 98],
      [1508, 147],
      [1516, 163],
      [1683, 200],
    ],
  },
  {
    name: "pulumi-language-nodejs",
    title: "the stand-in for Pulumi's Node language host",
    moduleDir: moduleFolder("pulumi-language-nodejs"),
    packages: ["."],
    ldflags: [`-X main.version=${versions.pulumi}`],
    installed: `versions/${versions.pulumi}/bin/pulumi-language-nodejs`,
    course: [[4, 5]],
  },
  {
    name: "pulumi-resource-tls",
    title: `Pulumi's TLS plugin ${versions.tls}`,
    moduleDir: moduleFolder("pulumi-resource-tls"),
    packages: ["."],
    ldflags: [`-X main.version=${versions.tls}`],
    installed: `plugins/resource-tls-v${versions.tls}/pulumi-resource-tls`,
    course: [[500, 61]],
  },
  {
    name: "pulumi-resource-kubernetes",
    title: `Pulumi's Kubernetes plugin ${versions.kubernetes}`,
    moduleDir: moduleFolder("pulumi-resource-kubernetes"),
    packages: ["."],
    ldflags: [`-X ${kubernetesModule}/pkg/version.Version=${versions.kubernetes}`],
    borrowed: {
      module: kubernetesModule,
      folder: "cmd/pulumi-resource-kubernetes",
      files: ["schema.json", "terraform-mapping.json"],
    },
    installed: `plugins/resource-kubernetes-v${versions.kubernetes}/pulumi-resource-kubernetes`,
    course: [
      [96, 16],
      [600, 82],
      [1075, 137],
    ],
  },
];

/**
 * The home, built now if the cache does not have it.
 * @param {import("./progress.mjs").Progress} progress
 * @returns {Promise<string>} its absolute path. The CLI writes to it: credentials, selected stacks.
 * @throws {import("./fail.mjs").Failure} if Go is missing or too old, or if a build fails
 */
export async function ensureHome(progress) {
  return ensureCached({
    name: homeName,
    key: homeKey(),
    onWait: ({ pid }) => progress.say(`Waiting for process ${pid}, which builds the toolchain`),
    make: async (home) => {
      const built = await Promise.all(parts.map(isBuilt));
      const missing = parts.filter((_, at) => !built[at]);
      const estimate = createEstimate(
        missing.map(({ course }) => course),
        os.cpus().length,
      );
      const start = Date.now();
      if (missing.length > 0) {
        const programs = missing.length === 1 ? "1 program" : `${missing.length} programs`;
        progress.say(
          `Building the toolchain from source, once: ${programs}, about ${elapsed(estimate.whole())}`,
        );
      }
      for (const [at, part] of missing.entries()) {
        estimate.update(at, 0);
        await ensureBuilt(part, progress, undefined, (packages) => {
          estimate.update(at, packages);
          const whole = `${elapsed(Date.now() - start)} of about ${elapsed(estimate.whole())} in all`;
          return `part ${at + 1} of ${missing.length}, ${whole}`;
        });
      }
      for (const part of parts) {
        const binary = path.join(home, part.installed);
        fs.mkdirSync(path.dirname(binary), { recursive: true });
        linkOrCopy(path.join(await ensureBuilt(part, progress), part.name), binary);
      }
      fs.writeFileSync(path.join(home, "logs"), noLogs);
    },
  });
}

/**
 * @returns {boolean} whether ensureHome would have nothing to build
 */
export function isHomeBuilt() {
  return fs.existsSync(path.join(cacheRoot(), `${homeName}-${homeKey()}`));
}

const homeName = "pulumi-home";

/** The versions, sources and platform that a home is made of. */
function homeKey() {
  const sources = parts.map(({ moduleDir, installed, ldflags, tags }) => [
    ...[installed, ldflags, tags],
    hashFolder(moduleDir),
  ]);
  return contentKey([process.platform, process.arch, sources, noLogs]);
}

/** Lies where the CLI would have a folder. */
const noLogs = `The CLI would keep a log here of all that it does at each run, encrypted, which takes a fifth of its time.
Remove this file to have them.
`;

/**
 * One of this project's Go modules.
 * @param {string} name
 */
function moduleFolder(name) {
  return path.join(repository, "toolchain", "go", name);
}

/**
 * A link where the file system allows one: the CLI alone is 115 MB.
 * @param {string} from
 * @param {string} to
 */
function linkOrCopy(from, to) {
  try {
    fs.linkSync(from, to);
  } catch {
    fs.copyFileSync(from, to);
  }
}
