/** Stacks whose program is a function of a test, deployed by the real engine with the plugins built from source. */
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { pathToFileURL } from "node:url";
import {
  type EngineEvent,
  LocalWorkspace,
  type PreviewResult,
  PulumiCommand,
  type PulumiFn,
  Stack,
} from "@pulumi/pulumi/automation/index.js";
import { pulumiEnvironment } from "../../toolchain/environment.mjs";
import { repository } from "../../toolchain/paths.mjs";
import { type EngineResult, resultOf } from "./engine.ts";

/** What an operation did: each step as `operation name`, in order of the names; and what the user saw. */
export type Outcome = {
  readonly steps: readonly string[];
  /** Errors and warnings as the user read them. */
  readonly diagnostics: readonly string[];
  readonly succeeded: boolean;
};

export type InlineStack = {
  /** Where the stack's files are. */
  readonly folder: string;
  /** Deploys program, which from now on is the stack's program. */
  up(program?: PulumiFn): Promise<Outcome>;
  preview(program?: PulumiFn): Promise<Outcome>;
  /** A preview with policy packs (folders) and their configuration (files), as the user reads it. */
  judged(
    program: PulumiFn,
    packs: readonly string[],
    configs: readonly string[],
  ): Promise<EngineResult>;
  refresh(): Promise<Outcome>;
  destroy(): Promise<Outcome>;
  outputs(): Promise<Record<string, unknown>>;
  /** The state as it is stored: secrets are encrypted in it. */
  stored(): string;
  /** The stored resource of that name. */
  resource(name: string): Promise<StoredResource | undefined>;
  /** Removes all that the test left, deployed or not. */
  remove(): void;
};

export type StoredResource = {
  readonly id: string;
  readonly inputs: Record<string, unknown>;
  readonly outputs: Record<string, unknown>;
};

/** A new stack in a backend and a folder of its own. */
export async function openInlineStack(): Promise<InlineStack> {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), "kubelet-trust-stack-"));
  const stack = await createStack(folder, await sourceEnvironment());
  const readOutputs = stack.outputs.bind(stack);
  // After each operation the CLI would be asked three times what it has done; its events tell.
  Object.assign(stack, { info: async () => undefined, outputs: async () => ({}) });
  let current: PulumiFn = async () => {};

  const run = async (
    operation: (onEvent: (event: EngineEvent) => void) => Promise<unknown>,
  ): Promise<Outcome> => {
    const events: EngineEvent[] = [];
    let succeeded = true;
    try {
      await operation((event) => events.push(event));
    } catch (error) {
      succeeded = false;
      if (!events.some((event) => event.diagnosticEvent?.severity === "error")) throw error;
    }
    return { steps: stepsOf(events), diagnostics: diagnosticsOf(events), succeeded };
  };

  return {
    folder,
    judged: async (program, policyPacks, policyPackConfigs) => {
      const said = { stdout: "", stderr: "" };
      const packs = { policyPacks: [...policyPacks], policyPackConfigs: [...policyPackConfigs] };
      const listen = {
        onOutput: (text: string) => {
          said.stdout += text;
        },
        onError: (text: string) => {
          said.stderr += text;
        },
      };
      const code = await stack.preview({ program, ...packs, ...listen, color: "never" }).then(
        () => 0,
        (error: Error) => {
          if (said.stdout + said.stderr === "") said.stderr = error.message;
          return 1;
        },
      );
      return resultOf(code, said.stdout, said.stderr);
    },
    up: (program = current) => {
      current = program;
      return run((onEvent) => stack.up({ program, onEvent }));
    },
    preview: (program = current) =>
      run((onEvent): Promise<PreviewResult> => stack.preview({ program, onEvent })),
    refresh: () => run((onEvent) => stack.refresh({ onEvent })),
    destroy: () => run((onEvent) => stack.destroy({ onEvent })),
    outputs: async () =>
      Object.fromEntries(
        Object.entries(await readOutputs()).map(([name, { value }]) => [name, value]),
      ),
    stored: () => fs.readFileSync(stateFile(folder), "utf8"),
    resource: async (name) => {
      const { deployment } = await stack.exportStack();
      const resources: (StoredResource & { urn: string })[] = deployment.resources ?? [];
      return resources.find(({ urn }) => urn.endsWith(`::${name}`));
    },
    remove: () => fs.rmSync(folder, { recursive: true, force: true }),
  };
}

/** A stack in a folder, which gets a copy of the empty stack that the CLI has made once. */
async function createStack(folder: string, environment: NodeJS.ProcessEnv): Promise<Stack> {
  empty ??= makeEmpty(environment);
  fs.cpSync(await empty, folder, { recursive: true });
  const workspace = await workspaceIn(folder, environment);
  // It would select the stack, which every operation names.
  Object.assign(workspace, { selectStack: async () => {} });
  return Stack.select("test", workspace);
}

let empty: Promise<string> | undefined;

async function makeEmpty(environment: NodeJS.ProcessEnv): Promise<string> {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), "kubelet-trust-empty-stack-"));
  process.on("exit", () => fs.rmSync(folder, { recursive: true, force: true }));
  fs.mkdirSync(backendIn(folder));
  fs.symlinkSync(path.join(repository, "node_modules"), path.join(folder, "node_modules"));
  fs.writeFileSync(path.join(folder, "package.json"), '{"type":"module"}');
  await Stack.create("test", await workspaceIn(folder, environment));
  return folder;
}

async function workspaceIn(folder: string, environment: NodeJS.ProcessEnv) {
  command ??= PulumiCommand.get({ root: cliRoot(environment) });
  const url = pathToFileURL(backendIn(folder)).href;
  return LocalWorkspace.create({
    workDir: folder,
    pulumiCommand: await command,
    envVars: {
      ...(environment as Record<string, string>),
      PULUMI_BACKEND_URL: url,
      PULUMI_CONFIG_PASSPHRASE: "test",
      // The vendor's plugin leaves a kubeconfig there each time.
      TMPDIR: folder,
    },
    projectSettings: { name: "stand-ins", runtime: "nodejs", backend: { url } },
  });
}

let command: Promise<PulumiCommand> | undefined;

const backendIn = (folder: string) => path.join(folder, "backend");

let environment: Promise<NodeJS.ProcessEnv> | undefined;

/** The environment of the toolchain built from source, whichever this machine would choose. */
function sourceEnvironment(): Promise<NodeJS.ProcessEnv> {
  environment ??= pulumiEnvironment(undefined, {
    ...process.env,
    KUBELET_TRUST_TOOLCHAIN: "source",
  });
  return environment;
}

/** The folder above the CLI's bin. */
function cliRoot({ PATH = "" }: NodeJS.ProcessEnv): string {
  return path.dirname(PATH.split(path.delimiter)[0] ?? "");
}

function stateFile(folder: string): string {
  return path.join(backendIn(folder), ".pulumi", "stacks", "stand-ins", "test.json");
}

/** The stack itself and provider resources are left out: every operation has them. */
function stepsOf(events: readonly EngineEvent[]): string[] {
  return events
    .flatMap(({ resourcePreEvent }) => resourcePreEvent?.metadata ?? [])
    .filter(({ type }) => !type.startsWith("pulumi:"))
    .map(({ op, urn }) => `${op} ${urn.slice(urn.lastIndexOf("::") + 2)}`)
    .sort((a, b) => nameOf(a).localeCompare(nameOf(b)));
}

function nameOf(step: string): string {
  return step.slice(step.indexOf(" ") + 1);
}

function diagnosticsOf(events: readonly EngineEvent[]): string[] {
  return events
    .flatMap(({ diagnosticEvent }) => diagnosticEvent ?? [])
    .filter(({ severity }) => severity === "error" || severity === "warning")
    .map(({ severity, message }) => `${severity}: ${plainText(message).trim()}`);
}

/** Without the engine's colour marks. */
function plainText(message: string): string {
  return message.replaceAll(/<\{%[^%]*%\}>/g, "");
}
