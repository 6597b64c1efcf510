/** Stacks of the project's own program, run by the real engine, and what they render. */
import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { parse } from "yaml";
import { main } from "../../cli/main.ts";
import { makeProject, type Project, repository } from "../support/engine.ts";

/** The configuration of the default stack, as its file has it; keys with their namespace. */
export function defaultConfiguration(): Record<string, unknown> {
  return parse(readFileSync(join(repository, "Pulumi.dev.yaml"), "utf8")).config;
}

/** The project's program with the default stack's configuration, and changes to it. */
export function ownProject(
  changes: Record<string, unknown> = {},
  options: { stack?: string } = {},
): Promise<Project> {
  const config = { ...defaultConfiguration(), ...changes };
  return makeProject({ program: repository, stack: "dev", config, ...options });
}

/** The objects that a stack rendered, by file name. */
// biome-ignore lint/suspicious/noExplicitAny: objects of any kind
export function renderedObjects(project: Project): Record<string, any> {
  const folders = ["cluster", "machines"].map((part) =>
    join(project.folder, "rendered", part, "1-manifest"),
  );
  return Object.fromEntries(
    folders
      .filter((folder) => existsSync(folder))
      .flatMap((folder) =>
        readdirSync(folder).map((file) => [file, parse(readFileSync(join(folder, file), "utf8"))]),
      ),
  );
}

/**
 * The rendered files of a part that have a text in them: as it is, in base64 at any place of a longer text, or in
 * base64 of that.
 */
export function renderedWith(
  project: Project,
  part: "cluster" | "machines",
  text: string,
): string[] {
  const folder = join(project.folder, "rendered", part);
  const once = encodings(text);
  const forms = [text, ...once, ...once.flatMap(encodings)];
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .filter((file) => {
      const content = readFileSync(file, "latin1");
      return forms.some((form) => content.includes(form));
    });
}

/** What base64 makes of a text, wherever in a longer one it stands: without the letters that its neighbours decide. */
function encodings(text: string): string[] {
  return [0, 1, 2].map((offset) => {
    const encoded = Buffer.from(`${"\0".repeat(offset)}${text}`, "latin1").toString("base64");
    const [first, last] = [
      offset === 0 ? 0 : offset + 1,
      Math.floor(((offset + text.length) * 8) / 6),
    ];
    return encoded.slice(first, last);
  });
}

/** What `judge` accepts of what stacks rendered: the machines of the kubelets, each by itself a name in its label. */
export function acceptedMachines(...projects: readonly Project[]): string[] {
  const folders = projects.map(({ folder }) => join(folder, "rendered"));
  const { stdout, stderr } = main([...folders, "--json"]);
  assert.equal(stderr, "");
  const { accepted, notRead, pairs, ...verdicts } = JSON.parse(stdout);
  assert.deepEqual(notRead, []);
  assert.ok(accepted, JSON.stringify(verdicts).slice(0, 3000));
  const labels = (pairs as { kubelet: string }[]).map(({ kubelet }) => kubelet.split(" ")[0] ?? "");
  return [...new Set(labels)].sort();
}

/** A file of a machine as its host-files Secret holds it. */
export type MachineFile = {
  mode: string;
  owner: string;
  content: string;
};

/** The files of each machine, by machine and path. */
export function machineFiles(project: Project): Record<string, Record<string, MachineFile>> {
  const secrets = Object.values(renderedObjects(project)).filter(
    ({ type }) => type === "kubelet-trust/host-files",
  );
  return Object.fromEntries(
    secrets.map(({ metadata, data }) => {
      const decode = (key: string) => Buffer.from(data[key], "base64").toString("utf8");
      const list: { path: string; mode: string; owner: string; key: string }[] = JSON.parse(
        decode("files.json"),
      );
      const files = list.map(({ path, mode, owner, key }) => [
        path,
        { mode, owner, content: decode(key) },
      ]);
      return [metadata.labels["kubelet-trust/machine"], Object.fromEntries(files)];
    }),
  );
}

/** The certificates of a machine, PEM, by path; those inside kubeconfigs under the kubeconfig's path. */
export function certificatesOf(files: Record<string, { content: string }>): Record<string, string> {
  const found = Object.entries(files).flatMap(([path, { content }]): [string, string][] => {
    if (path.endsWith(".crt")) return [[path, content]];
    if (isKubeconfig(path)) return [[path, kubeconfigOf(content).certificate]];
    return [];
  });
  return Object.fromEntries(found);
}

/** Whether a file of a machine is a kubeconfig, by its path. */
export function isKubeconfig(path: string): boolean {
  return /^\/etc\/kubernetes\/[^/]+\.conf$/.test(path);
}

/** What a kubeconfig with embedded credentials says. */
export function kubeconfigOf(text: string) {
  const { clusters, users, contexts, ...rest } = parse(text);
  const decode = (base64: string) => Buffer.from(base64, "base64").toString("utf8");
  return {
    server: clusters[0].cluster.server as string,
    ca: decode(clusters[0].cluster["certificate-authority-data"]),
    user: users[0].name as string,
    certificate: decode(users[0].user["client-certificate-data"]),
    key: decode(users[0].user["client-key-data"]),
    context: contexts[0].name as string,
    current: rest["current-context"] as string,
  };
}
