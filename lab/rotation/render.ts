/**
 * A stack of the lab's own, rendered phase by phase: two control planes, a pool of each serving mode, and the default
 * stack's program.
 */
import * as fs from "node:fs";
import * as path from "node:path";
import { pathToFileURL } from "node:url";
import { stringify } from "yaml";
import { runChild } from "../../toolchain/child.mjs";
import { pulumiEnvironment } from "../../toolchain/environment.mjs";
import { Failure } from "../../toolchain/fail.mjs";
import { repository } from "../../toolchain/paths.mjs";
import type { Progress } from "../../toolchain/progress.mjs";

/** One rendering of the stack. */
export type Phase = {
  /** What the phase is called, and whether it is a way back. */
  readonly title: string;
  readonly folder: string;
};

type Step = { readonly title: string; readonly config: Readonly<Record<string, unknown>> };

const phase = (caRotation: string) => ({ caRotation });

/** Another lifetime than the default's: every leaf is issued anew, by the same CAs. */
const renewed = { validityHours: 8000 };

/** Every leaf renewed, then forwards through every phase, and each phase backwards once. */
const everyStep: readonly Step[] = [
  { title: "no rotation", config: {} },
  { title: "every leaf renewed", config: {} },
  { title: "trustBoth", config: phase("trustBoth") },
  { title: "back to no rotation", config: {} },
  { title: "trustBoth again", config: phase("trustBoth") },
  { title: "issueNew", config: phase("issueNew") },
  { title: "back to trustBoth", config: phase("trustBoth") },
  { title: "issueNew again", config: phase("issueNew") },
  { title: "retireOld", config: phase("retireOld") },
  { title: "back to issueNew", config: phase("issueNew") },
  { title: "retireOld again", config: phase("retireOld") },
  { title: "caGeneration 2", config: { caGeneration: 2 } },
];

const forwards = ["no rotation", "every leaf renewed", "trustBoth", "issueNew", "retireOld"];

/** The node that serves what the stack issued. */
export const provisioned = "provisioned-0";

/** The node whose kubelet signs for itself. */
export const selfSigning = "selfsigned-0";

/**
 * Renders each phase into a folder of its own below `root`, by one update each of one stack.
 *
 * @param certificate the `kubelet.crt` of {@link selfSigning}, PEM
 * @throws {Failure} with what the CLI printed last.
 */
export async function renderPhases(
  root: string,
  certificate: string,
  isShort: boolean,
  progress: Progress,
): Promise<Phase[]> {
  const project = path.join(root, "project");
  const backend = path.join(root, "state");
  for (const made of [project, backend]) fs.mkdirSync(made, { recursive: true, mode: 0o700 });
  linkProgram(project);
  const env = {
    ...(await pulumiEnvironment(progress)),
    PULUMI_BACKEND_URL: pathToFileURL(backend).href,
    PULUMI_CONFIG_PASSPHRASE: "of a lab that is thrown away",
  };
  const settings = path.join(project, "Pulumi.rotation.yaml");
  const pulumi = async (...args: string[]) => {
    const { code, output } = await runChild("pulumi", [...args, "--non-interactive"], {
      ...{ cwd: project, env },
      onLine: () => {},
    });
    if (code !== 0) throw new Failure(`pulumi ${args[0]} failed: ${output}`);
  };
  await pulumi("stack", "init", "rotation");
  const salt = fs.readFileSync(settings, "utf8");
  const steps = isShort ? everyStep.filter(({ title }) => forwards.includes(title)) : everyStep;
  const phases: Phase[] = [];
  for (const [index, { title, config }] of steps.entries()) {
    const settled = index === 0 ? {} : renewed;
    const values = Object.entries({ ...cluster(certificate), ...settled, ...config }).map(
      ([key, value]) => [`kubelet-trust:${key}`, value],
    );
    fs.writeFileSync(settings, `${salt}${stringify({ config: Object.fromEntries(values) })}`);
    await progress.step(`Rendering ${title}`, () =>
      pulumi("up", "--stack", "rotation", "--yes", "--skip-preview"),
    );
    const folder = path.join(root, `phase-${index}`);
    fs.cpSync(path.join(project, "rendered"), folder, { recursive: true });
    phases.push({ title, folder });
  }
  return phases;
}

function cluster(certificate: string) {
  return {
    controlPlanes: [
      { name: "cp-0", addresses: ["10.240.0.10"] },
      { name: "cp-1", addresses: ["10.240.0.11"] },
    ],
    nodePools: [
      {
        name: "provisioned",
        nodes: [{ name: provisioned, addresses: ["10.240.1.1"] }],
      },
      {
        name: "bootstrap",
        servingMode: "bootstrap",
        nodes: [{ name: "bootstrap-0", addresses: ["10.240.1.2"] }],
      },
      {
        name: "selfsigned",
        servingMode: "selfSigned",
        nodes: [
          { name: selfSigning, addresses: ["10.240.1.3"], selfSignedCertificate: certificate },
        ],
      },
    ],
    stance: "trustSelfSigned",
  };
}

/** Links what the program consists of; Node resolves imports from where the files really are. */
function linkProgram(project: string): void {
  const own = /^(\..*|rendered|Pulumi\..+\.yaml)$/;
  for (const entry of fs.readdirSync(repository)) {
    if (entry !== "Pulumi.yaml" && own.test(entry)) continue;
    fs.symlinkSync(path.join(repository, entry), path.join(project, entry));
  }
}
