/**
 * The real Pulumi engine for tests: a project in a folder of its own, with its own file backend and
 * passphrase, run by the toolchain's CLI, language host and plugins.
 */
import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { pathToFileURL } from "node:url";
import { stringify } from "yaml";
import { pulumiEnvironment } from "../../toolchain/environment.mjs";
import { repository } from "../../toolchain/paths.mjs";
import { createProgress } from "../../toolchain/progress.mjs";

export { repository };

/** What a run of the CLI gave. Private keys and bootstrap tokens are blotted out of both texts. */
export type EngineResult = {
  /** Exit code; 128 and more if a signal ended it. */
  code: number;
  stdout: string;
  stderr: string;
  /** Whether a PEM private key was among the output before it was blotted out. */
  leaksPrivateKey: boolean;
};

/** A resource in a stack's state, as the backend keeps it. */
export type StateResource = {
  urn: string;
  type: string;
  id?: string;
  custom: boolean;
  parent?: string;
  provider?: string;
  dependencies?: string[];
  inputs?: Record<string, unknown>;
  outputs?: Record<string, unknown>;
};

/** A stack's state. Secrets in it are encrypted. */
export type State = {
  resources: StateResource[];
  pendingOperations: unknown[];
};

/** What a project is made of. */
export type ProjectOptions = {
  /** Files by path relative to the project, e.g. `{ "index.ts": "..." }`. */
  files?: Record<string, string>;
  /**
   * Folder with an existing program. Its entries are linked into the project, so that imports of
   * neighbouring folders work; settings of its stacks and what it rendered are not.
   */
  program?: string;
  /** Project name; default `test`. With a program that has a Pulumi.yaml: its own. */
  name?: string;
  /** Stack name; default `test`. */
  stack?: string;
  /** The stack's configuration: `key` (of this project) or `project:key`, structured if need be. */
  config?: Record<string, unknown>;
  /** Environment variables for the engine and the program; undefined removes one. */
  env?: Record<string, string | undefined>;
  /** A folder with a file backend to share, that of another project; default one of its own. */
  backend?: string;
};

/** Arguments of an operation. */
export type OperationOptions = {
  /** Folders of policy packs. */
  policyPacks?: readonly string[];
  /** Policy configuration by path of a JSON file, one for each pack. */
  policyPackConfigs?: readonly string[];
  /** Further arguments for the CLI. */
  args?: readonly string[];
};

/** A project and its stack. */
export type Project = {
  /** The project's folder. */
  folder: string;
  /** Folder of the file backend; hand it to another project to share it. */
  backend: string;
  /** The environment of the CLI. */
  env: NodeJS.ProcessEnv;
  /** Writes a file of the project anew. */
  write(file: string, content: string): void;
  /** Replaces the stack's configuration. */
  configure(config: Record<string, unknown>): void;
  up(options?: OperationOptions): Promise<EngineResult>;
  preview(options?: OperationOptions): Promise<EngineResult>;
  refresh(options?: OperationOptions): Promise<EngineResult>;
  destroy(options?: OperationOptions): Promise<EngineResult>;
  /** Any other command of the CLI, in the project's folder. */
  pulumi(args: readonly string[]): Promise<EngineResult>;
  /** Starts a command without waiting for it, so that a test may kill it. */
  start(args: readonly string[]): ChildProcess;
  exportState(): Promise<State>;
  /** The stack's outputs. Secret ones read "[secret]". */
  outputs(): Promise<Record<string, unknown>>;
  /** Deletes the project's folder, not what a plugin made elsewhere. */
  remove(): void;
};

const passphrase = "of a test";

let environment: Promise<NodeJS.ProcessEnv> | undefined;

/** The toolchain's environment, found once for all tests of a process. */
function toolchain(): Promise<NodeJS.ProcessEnv> {
  environment ??= pulumiEnvironment(createProgress());
  return environment;
}

/** Makes a project and creates its stack. */
export async function makeProject(options: ProjectOptions): Promise<Project> {
  const { files = {}, stack = "test", config = {} } = options;
  const root = fs.mkdtempSync(path.join(os.tmpdir(), "pulumi-project-"));
  const folder = path.join(root, "project");
  const backend = options.backend ?? path.join(root, "state");
  fs.mkdirSync(folder);
  fs.mkdirSync(backend, { recursive: true });
  const temporary = path.join(root, "temporary");
  fs.mkdirSync(temporary);
  if (options.program) linkProgram(options.program, folder);
  layDefaults(folder, options.name ?? "test");

  const env: NodeJS.ProcessEnv = {
    ...(await toolchain()),
    PULUMI_BACKEND_URL: pathToFileURL(backend).href,
    PULUMI_CONFIG_PASSPHRASE: passphrase,
    TMPDIR: temporary,
    ...options.env,
  };
  const settings = path.join(folder, `Pulumi.${stack}.yaml`);

  const start = (args: readonly string[]) =>
    spawn("pulumi", [...args, "--non-interactive", "--color", "never"], {
      cwd: folder,
      env,
      stdio: ["ignore", "pipe", "pipe"],
    });
  const pulumi = (args: readonly string[]) => finish(start(args));
  const operate =
    (operation: string, flags: readonly string[]) =>
    ({ policyPacks = [], policyPackConfigs = [], args = [] }: OperationOptions = {}) =>
      pulumi([
        ...[operation, "--stack", stack, ...flags],
        ...policyPacks.flatMap((pack) => ["--policy-pack", pack]),
        ...policyPackConfigs.flatMap((file) => ["--policy-pack-config", file]),
        ...args,
      ]);

  const project: Project = {
    folder,
    backend,
    env,
    write: (file, content) => {
      const at = path.join(folder, file);
      fs.mkdirSync(path.dirname(at), { recursive: true });
      fs.rmSync(at, { force: true });
      fs.writeFileSync(at, content);
    },
    configure: (values) => {
      const name = projectName(folder);
      const keyed = Object.entries(values).map(([key, value]) => [
        key.includes(":") ? key : `${name}:${key}`,
        value,
      ]);
      const salt = /^encryptionsalt: .*\n/m.exec(readIfThere(settings))?.[0] ?? "";
      fs.writeFileSync(settings, `${salt}${stringify({ config: Object.fromEntries(keyed) })}`);
    },
    up: operate("up", ["--yes", "--skip-preview"]),
    preview: operate("preview", []),
    refresh: operate("refresh", ["--yes", "--skip-preview"]),
    destroy: operate("destroy", ["--yes", "--skip-preview"]),
    pulumi,
    start,
    exportState: async () => {
      const states = path.join(backend, ".pulumi", "stacks", projectName(folder));
      const { checkpoint } = JSON.parse(
        fs.readFileSync(path.join(states, `${stack}.json`), "utf8"),
      );
      return {
        resources: checkpoint.latest?.resources ?? [],
        pendingOperations: checkpoint.latest?.pending_operations ?? [],
      };
    },
    outputs: async () =>
      JSON.parse(
        expectSuccess(await pulumi(["stack", "output", "--json", "--stack", stack])).stdout,
      ),
    remove: () => fs.rmSync(root, { recursive: true, force: true }),
  };
  for (const [file, content] of Object.entries(files)) project.write(file, content);
  project.configure(config);
  expectSuccess(await pulumi(["stack", "init", stack]));
  return project;
}

/** Fails, with both texts, unless the run ended with exit code 0. */
export function expectSuccess(result: EngineResult): EngineResult {
  assert.equal(result.code, 0, `exit code ${result.code}\n${result.stdout}\n${result.stderr}`);
  return result;
}

/** Fails unless the run ended with another exit code than 0, and one of its texts matches. */
export function expectFailure(result: EngineResult, message: RegExp): EngineResult {
  const text = `${result.stdout}\n${result.stderr}`;
  assert.notEqual(result.code, 0, `succeeded\n${text}`);
  assert.match(text, message);
  return result;
}

/** Waits for a started command. */
export async function finish(child: ChildProcess): Promise<EngineResult> {
  const [stdout, stderr, code] = await Promise.all([
    textOf(child.stdout),
    textOf(child.stderr),
    new Promise<number>((resolve, reject) => {
      child.on("error", reject);
      child.on("close", (status, signal) =>
        resolve(status ?? 128 + (signal ? os.constants.signals[signal] : 0)),
      );
    }),
  ]);
  return resultOf(code, stdout, stderr);
}

/** What a run gave, without private keys and bootstrap tokens. */
export function resultOf(code: number, stdout: string, stderr: string): EngineResult {
  const leaksPrivateKey = [stdout, stderr].some((text) => privateKey.test(text));
  return { code, stdout: blot(stdout), stderr: blot(stderr), leaksPrivateKey };
}

const privateKey = /-----BEGIN [A-Z ]*PRIVATE KEY-----/;
const privateKeyBlock =
  /-----BEGIN ([A-Z ]*PRIVATE KEY)-----[\s\S]*?(-----END \1-----|$(?![\s\S]))/g;
const bootstrapToken = /\b[a-z0-9]{6}\.[a-z0-9]{16}\b/g;

function blot(text: string): string {
  return text
    .replace(privateKeyBlock, "[private key]")
    .replace(bootstrapToken, "[bootstrap token]");
}

async function textOf(stream: NodeJS.ReadableStream | null): Promise<string> {
  let text = "";
  if (stream) for await (const chunk of stream.setEncoding("utf8")) text += chunk;
  return text;
}

/** Links what a program consists of. Node resolves imports from where the files really are. */
function linkProgram(program: string, folder: string): void {
  const own = /^(\..*|node_modules|rendered|Pulumi\..+\.yaml)$/;
  for (const entry of fs.readdirSync(program)) {
    if (entry === "Pulumi.yaml" || !own.test(entry)) {
      fs.symlinkSync(path.resolve(program, entry), path.join(folder, entry));
    }
  }
}

/** What a project needs besides its program, where the program does not bring it. */
function layDefaults(folder: string, name: string): void {
  const defaults: Record<string, string> = {
    "Pulumi.yaml": stringify({
      name,
      runtime: { name: "nodejs", options: { typescript: false } },
      main: "index.ts",
    }),
    "package.json": JSON.stringify({ type: "module" }),
  };
  for (const [file, content] of Object.entries(defaults)) {
    const at = path.join(folder, file);
    if (!fs.existsSync(at)) fs.writeFileSync(at, content);
  }
  fs.symlinkSync(path.join(repository, "node_modules"), path.join(folder, "node_modules"));
}

function projectName(folder: string): string {
  const name = /^name: *(\S+)/m.exec(readIfThere(path.join(folder, "Pulumi.yaml")))?.[1];
  assert.ok(name, `${folder}/Pulumi.yaml names no project`);
  return name;
}

function readIfThere(file: string): string {
  return fs.existsSync(file) ? fs.readFileSync(file, "utf8") : "";
}
