/** A clone of the project as a user has one, with another program if need be, and what its npm scripts take. */
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { parse, stringify } from "yaml";
import { node, repository } from "../../toolchain/paths.mjs";

export type Clone = {
  readonly folder: string;
  /** The file with the state of stack `dev`. */
  readonly state: string;
  /** Starts what the npm script of that name does, in stack `dev`. */
  start(operation: "up" | "preview" | "destroy" | "pulumi", ...args: string[]): ChildProcess;
  /** Writes the settings of stack `dev` anew; keys without `kubelet-trust:`. */
  configure(config: Record<string, unknown>): void;
  /** What has been deployed. */
  made(): Made;
  remove(): void;
};

/** What a program has made. */
export type Made = {
  /** Resources of @pulumi/tls and @pulumi/kubernetes in the state, by type token. */
  readonly counts: Readonly<Record<string, number>>;
  /** Characters of base64 in a rendered Secret, on average. */
  readonly secretLength: number;
};

/**
 * Copies the files that git knows and the built policy pack; packages are shared.
 *
 * @param program the program of the stack, relative to the clone; default: its own
 */
export function makeClone(config: Record<string, unknown>, program = "index.ts"): Clone {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), "kubelet-trust-bench-"));
  const listed = execFileSync("git", ["ls-files", "-z"], { cwd: repository, encoding: "utf8" });
  for (const file of listed
    .split("\0")
    .filter((name) => fs.existsSync(path.join(repository, name)))) {
    if (file !== "") fs.cpSync(path.join(repository, file), path.join(folder, file));
  }
  fs.cpSync(path.join(repository, "policies/dist"), path.join(folder, "policies/dist"), {
    recursive: true,
  });
  fs.symlinkSync(path.join(repository, "node_modules"), path.join(folder, "node_modules"));
  const write = (file: string, text: string) => fs.writeFileSync(path.join(folder, file), text);
  const configure = (settings: Record<string, unknown>) => {
    const keyed = Object.entries(settings).map(([key, value]) => [`kubelet-trust:${key}`, value]);
    write("Pulumi.dev.yaml", stringify({ config: Object.fromEntries(keyed) }));
  };
  configure(config);
  if (program !== "index.ts") write("index.ts", `import "./${program}";\n`);
  const state = path.join(folder, ".pulumi/state/.pulumi/stacks/kubelet-trust/dev.json");
  const { PULUMI_BACKEND_URL: _, PULUMI_CONFIG_PASSPHRASE: __, ...env } = process.env;
  return {
    folder,
    state,
    configure,
    start: (operation, ...args) =>
      spawn(node, [path.join(folder, "toolchain/run.mjs"), operation, ...args], {
        cwd: folder,
        env: { ...env, CI: "true" },
        stdio: ["ignore", "pipe", "pipe"],
      }),
    made: () => {
      const { checkpoint } = JSON.parse(fs.readFileSync(state, "utf8"));
      const counts: Record<string, number> = {};
      for (const { type } of checkpoint.latest.resources as { type: string }[]) {
        if (/^(tls|kubernetes):/.test(type)) counts[type] = (counts[type] ?? 0) + 1;
      }
      return { counts, secretLength: secretLength(path.join(folder, "rendered")) };
    },
    remove: () => fs.rmSync(folder, { recursive: true, force: true }),
  };
}

function secretLength(rendered: string): number {
  const lengths = fs
    .readdirSync(rendered, { recursive: true, encoding: "utf8" })
    .filter((file) => /\bv1-secret-[^/]+\.yaml$/.test(file))
    .map((file) => {
      const { data, stringData } = parse(fs.readFileSync(path.join(rendered, file), "utf8"));
      const plain: readonly string[] = Object.values(stringData ?? {});
      const texts = plain.map((text) => Buffer.from(text).toString("base64"));
      return [...Object.values<string>(data ?? {}), ...texts].join("").length;
    });
  return Math.round(lengths.reduce((sum, length) => sum + length, 0) / Math.max(1, lengths.length));
}
