/** The pipelines of examples/pipelines, acted out: their steps in a shell, with what the file gives them. */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import * as fs from "node:fs";
import * as http from "node:http";
import type { AddressInfo } from "node:net";
import * as path from "node:path";
import { parse } from "yaml";
import { repository } from "../../toolchain/paths.mjs";
import { type Ran, shellIn } from "../docs/shell.ts";
import type { Project } from "../support/engine.ts";

type Values = Readonly<Record<string, string>>;

type Step = {
  readonly uses?: string;
  readonly with?: Values;
  readonly run?: string;
  readonly env?: Values;
};

type GitHubJob = { readonly steps: readonly Step[] };

const read = (file: string) =>
  parse(fs.readFileSync(path.join(repository, "examples/pipelines", file), "utf8"));

/** What a pipeline posted as its comment. */
export type Comment = { readonly body: string; readonly target: string };

/** What the actions of a job do; none of them is given a command of Pulumi's. */
const actions = ["actions/checkout", "actions/setup-node", "actions/cache", "pulumi/actions"];

/** The `run` of a job's steps in github.yml. */
export function githubSteps(job: "preview" | "up"): string[] {
  const { steps } = read("github.yml").jobs[job] as GitHubJob;
  return steps.flatMap(({ run }) => run ?? []);
}

/** What a runner's token is here. */
export const githubToken = "a token";

/**
 * Runs a job of github.yml, each step in a shell of its own as the runner does, one after the other whatever they give.
 *
 * @param skip steps that are not run
 * @param besides what the steps are given besides
 */
export async function actGitHub(
  project: Project,
  job: "preview" | "up",
  skip: RegExp,
  besides: NodeJS.ProcessEnv = {},
) {
  const workflow = read("github.yml");
  const given: Values = {
    "secrets.PULUMI_BACKEND_URL": project.env.PULUMI_BACKEND_URL ?? "",
    "secrets.PULUMI_CONFIG_PASSPHRASE": project.env.PULUMI_CONFIG_PASSPHRASE ?? "",
    "secrets.AWS_ACCESS_KEY_ID": "",
    "secrets.AWS_SECRET_ACCESS_KEY": "",
    "github.token": githubToken,
    "github.event.pull_request.number": "7",
  };
  const filled = (values: Values = {}) =>
    Object.fromEntries(
      Object.entries(values).map(([name, value]) => [name, expand(value, given)] as const),
    );
  const ran: Ran[] = [];
  const { steps } = workflow.jobs[job] as GitHubJob;
  for (const { uses, with: inputs, run, env } of steps) {
    if (uses !== undefined) {
      const [action = ""] = uses.split("@");
      assert.ok(actions.includes(action), uses);
      // Without a command the action installs the CLI, and no more.
      if (action === "pulumi/actions")
        assert.deepEqual(Object.keys(inputs ?? {}), ["pulumi-version"]);
      continue;
    }
    if (run === undefined || skip.test(run)) continue;
    const shell = shellIn(project.folder, {
      ...runner(project),
      ...besides,
      ...filled(workflow.env),
      ...filled(env),
    });
    ran.push(await shell.run(`set -e\n${run}`));
  }
  return ran;
}

/**
 * Runs a job of gitlab-ci.yml, its script in one shell as the runner does. Its comments go to a server of this test.
 *
 * @param skip lines of the script that are not run
 */
export async function actGitLab(project: Project, job: "preview" | "up", skip: RegExp) {
  const pipeline = read("gitlab-ci.yml");
  const comments: Comment[] = [];
  const server = http.createServer((request, response) => {
    let text = "";
    request.setEncoding("utf8").on("data", (chunk: string) => {
      text += chunk;
    });
    request.on("end", () => {
      const target = `${request.method} ${request.url} ${request.headers["private-token"]}`;
      comments.push({ body: new URLSearchParams(text).get("body") ?? "", target });
      response.writeHead(201).end("{}");
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  try {
    const { port } = server.address() as AddressInfo;
    // Plugins of its own it would have from the vendor's servers.
    const { PULUMI_HOME: _, ...variables } = { ...pipeline.variables, ...pipeline[job].variables };
    const shell = shellIn(project.folder, {
      ...runner(project),
      ...variables,
      PULUMI_BACKEND_URL: project.env.PULUMI_BACKEND_URL,
      PULUMI_CONFIG_PASSPHRASE: project.env.PULUMI_CONFIG_PASSPHRASE,
      CI_API_V4_URL: `http://127.0.0.1:${port}/api/v4`,
      CI_PROJECT_ID: "5",
      CI_MERGE_REQUEST_IID: "7",
      REPORT_TOKEN: "a token",
    });
    // What GitLab has kept of the job before: here, what npm has.
    const kept = path.join(project.folder, ".npm");
    const cache = execFileSync("npm", ["config", "get", "cache"], { encoding: "utf8" }).trim();
    if (!fs.existsSync(kept)) fs.symlinkSync(cache, kept);
    const lines: string[] = [...pipeline.default.before_script, ...pipeline[job].script];
    const script = lines.filter((line) => !skip.test(line));
    const ran = await shell.run(["set -eo pipefail", ...script].join("\n"));
    return { ran, comments };
  } finally {
    server.close();
  }
}

/** What a runner has of its own: programs, and plugins that were built here. */
function runner({ env }: Project): NodeJS.ProcessEnv {
  return {
    ...env,
    PULUMI_BACKEND_URL: undefined,
    PULUMI_CONFIG_PASSPHRASE: undefined,
  };
}

/** Fills `${{ ... }}` in. */
function expand(text: string, given: Values): string {
  return String(text).replaceAll(/\$\{\{ *(.+?) *\}\}/g, (_, name: string) => {
    const value = given[name];
    assert.ok(value !== undefined, `nobody gives ${name}`);
    return value;
  });
}
