/** Previews of small stacks with the policy pack, on the real engine, two at a time. */
import * as fs from "node:fs";
import * as path from "node:path";
import { pathToFileURL } from "node:url";
import { repository } from "../../toolchain/paths.mjs";
import type { EngineResult } from "../support/engine.ts";
import { type InlineStack, openInlineStack } from "../support/inline-stack.ts";

/** A stack and what the pack must say of it. */
export type Case = {
  /** What the stack is, and what must come of it. */
  name: string;
  /** The program, after imports of `parts.ts`, `k8s`, `pulumi`, `tls` and the components. */
  program: string;
  /** Policy configuration, by policy. */
  config?: Record<string, unknown>;
  /** Policies that must reject. Default: none, and exit code 0. */
  mandatory?: readonly string[];
  /** Policies that must advise. Default: none. */
  advisory?: readonly string[];
  /** Texts that must be printed. */
  says?: readonly (string | RegExp)[];
  /** Texts that must not be printed. */
  hides?: readonly (string | RegExp)[];
};

/** A violation as the CLI prints it. */
export type Violation = { level: "mandatory" | "advisory"; policy: string; text: string };

const parts = path.join(repository, "test/policies/stacks/parts.ts");
const components = path.join(repository, "components/index.ts");

/** Only what a program uses is imported: each import costs a fraction of a second. */
export function programText(body: string): string {
  const imports: readonly (readonly [string, string])[] = [
    ["pulumi", 'import * as pulumi from "@pulumi/pulumi";'],
    ["k8s", 'import * as k8s from "@pulumi/kubernetes";'],
    ["tls", 'import * as tls from "@pulumi/tls";'],
    ["parts", `import * as parts from ${JSON.stringify(parts)};`],
    ["Cluster", `import { Cluster } from ${JSON.stringify(components)};`],
    ["NodePool", `import { NodePool } from ${JSON.stringify(components)};`],
  ];
  const used = imports.filter(([name]) => new RegExp(`\\b${name}\\b`).test(body));
  return `${used.map(([, text]) => text).join("\n")}\n${body}\n`;
}

/** Runs cases on a few stacks that are used again and again. */
export class Previews {
  readonly #idle: Promise<InlineStack>[] = [];
  readonly #waiting: ((stack: Promise<InlineStack>) => void)[] = [];
  readonly #all: Promise<InlineStack>[];
  #count = 0;

  constructor(parallel = 2) {
    this.#all = Array.from({ length: parallel }, () => openInlineStack());
    this.#idle.push(...this.#all);
  }

  /** Previews one case. */
  async run(one: Case): Promise<EngineResult> {
    const stack = await this.#take();
    try {
      // A module is loaded once: each case is one of its own.
      this.#count += 1;
      const program = path.join(stack.folder, `case-${this.#count}.ts`);
      fs.writeFileSync(program, programText(one.program));
      const config = path.join(stack.folder, "policy-config.json");
      fs.writeFileSync(config, JSON.stringify(one.config ?? {}));
      const load = async () => ({ ...(await import(pathToFileURL(program).href)) });
      return await stack.judged(load, [path.join(repository, "policies")], [config]);
    } finally {
      const next = this.#waiting.shift();
      if (next) next(Promise.resolve(stack));
      else this.#idle.push(Promise.resolve(stack));
    }
  }

  async remove(): Promise<void> {
    for (const stack of this.#all) (await stack).remove();
  }

  #take(): Promise<InlineStack> {
    const idle = this.#idle.shift();
    return idle ?? new Promise<InlineStack>((resolve) => this.#waiting.push((s) => resolve(s)));
  }
}

/** The violations that the CLI printed, in its order. */
export function violationsIn({ stdout }: Pick<EngineResult, "stdout">): Violation[] {
  const violations: Violation[] = [];
  let current: { level: "mandatory" | "advisory"; policy: string; lines: string[] } | undefined;
  const end = () => {
    if (current) violations.push({ ...current, text: current.lines.join("\n") });
    current = undefined;
  };
  for (const line of stdout.split("\n")) {
    const head = /^ {8}- \[(mandatory|advisory)\] (?:\[severity: \w+\] )? *([\w-]+)/.exec(line);
    if (head) {
      end();
      current = { level: head[1] as "mandatory" | "advisory", policy: head[2] ?? "", lines: [] };
    } else if (current && line.startsWith("          ")) {
      current.lines.push(line.slice(10));
    } else {
      end();
    }
  }
  end();
  return violations;
}
