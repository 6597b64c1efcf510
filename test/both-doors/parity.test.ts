import assert from "node:assert/strict";
import { cpSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import * as k8s from "@pulumi/kubernetes";
import type { PolicyResource } from "@pulumi/policy";
import { readArguments, UsageError } from "../../cli/arguments.ts";
import { readEvidence } from "../../cli/evidence.ts";
import { judgeAll } from "../../cli/judgement.ts";
import { analyseStack } from "../../policies/stack/analysis.ts";
import { readStack } from "../../policies/stack/resource.ts";
import { causeOf } from "../../trust/judge/cause.ts";
import { type Outcome, requestKinds, type Verdict } from "../../trust/words/verdict.ts";
import { type Registered, register } from "../components/mocks.ts";
import { configMap, resource } from "../policies/fake.ts";
import type { Case } from "../policies/preview.ts";
import { badInput } from "../policies/stacks/bad-input.ts";
import { clientCertificates } from "../policies/stacks/client-certificates.ts";
import { collected } from "../policies/stacks/collected.ts";
import { kubeadmConfigMaps, staticPodFiles } from "../policies/stacks/manifests.ts";
import { oldUnit } from "../policies/stacks/old-unit.ts";
import * as parts from "../policies/stacks/parts.ts";
import { requests } from "../policies/stacks/requests.ts";
import { filesIn, textOf } from "../reports/objects.ts";
import { folderForAll, inFolder, writeFiles } from "../support/folders.ts";

const groups: Readonly<Record<string, readonly Case[]>> = {
  "kubeadm's ConfigMaps": kubeadmConfigMaps,
  "static pods and units": staticPodFiles,
  "what does not start": oldUnit,
  "client certificates": clientCertificates,
  "requests for certificates": requests,
  "bundles of kubelet.crt": collected,
  "bad input": badInput,
};

/** Stacks of manifests alone: what else is in the others, no file has. */
const cases = Object.entries(groups).flatMap(([group, all]) =>
  all
    .filter(
      ({ program, config }) =>
        config === undefined && !/\b(tls|pulumi|Cluster|NodePool|export)\b/.test(program),
    )
    .map((one) => ({ ...one, name: `${group}: ${one.name}` })),
);

/** The resources that a program of these tests registers; providers are none of them. */
async function resourcesOf({ program }: Case): Promise<Registered[]> {
  const run = new Function("parts", "k8s", program);
  const all = await register(() => run(parts, k8s));
  return all.filter(({ type }) => type.startsWith("kubernetes:"));
}

/** What is compared of a pair: verdicts, causes, symptoms and ways out; not where things stand. */
function compared(label: string, verdict: Verdict, refusals: readonly { message: string }[]) {
  const one = (outcome: Outcome) => ({
    verdict: outcome.verdict,
    cause: causeOf(outcome).replaceAll(label, "<kubelet>"),
    remedies: outcome.remedies.map(({ text }) => text),
    ...(outcome.verdict === "fails" && { symptom: outcome.symptom }),
  });
  return JSON.stringify({
    serving: one(verdict.serving),
    client: requestKinds.map((kind) => one(verdict.client[kind])),
    openToAnyone: verdict.openToAnyone,
    refusals: refusals.map(({ message }) => message),
  });
}

function fromPack(registered: readonly Registered[]): string[] {
  return fromResources(registered.map(({ type, name, inputs }) => resource(type, name, inputs)));
}

function fromResources(resources: readonly PolicyResource[]): string[] {
  const { judged } = analyseStack(readStack(resources), {});
  return judged
    .flatMap(({ found, refusals, verdicts }) =>
      verdicts.map(({ apiServer, verdict }) =>
        compared(found.label, verdict, [...refusals, ...apiServer.refusals]),
      ),
    )
    .sort();
}

function fromFiles(registered: readonly Registered[]): string[] {
  const files = registered.map(({ type, name, inputs }) => {
    const [, group = "", kind = ""] = type.split(":");
    const apiVersion = inputs.apiVersion ?? group.replace(/^core\//, "");
    const text = JSON.stringify({ apiVersion, kind, ...inputs }, undefined, 2);
    return [`${kind}-${name}.json`, text] as const;
  });
  const approves = registered.some(({ type }) => /:(Deployment|DaemonSet)$/.test(type));
  return inFolder((folder) => {
    writeFiles(folder, Object.fromEntries(files));
    try {
      return fromFolder(folder, approves);
    } catch (error) {
      // A folder in which nothing speaks of kubelets has no pairs either.
      if (error instanceof UsageError) return [];
      throw error;
    }
  });
}

/** A stack is all that runs; files may be a part of it, so without an approver it is said that there is none. */
function fromFolder(folder: string, approves: boolean): string[] {
  const args = readArguments([folder, ...(approves ? [] : ["--csr", "pending"])]);
  assert.ok(args);
  return judgeAll(readEvidence(args), undefined)
    .pairs.map(({ kubelet, apiServer, asIfStarted }) =>
      compared(kubelet.label, asIfStarted, [...kubelet.refusals, ...apiServer.refusals]),
    )
    .sort();
}

const reports = fileURLToPath(new URL("../reports/", import.meta.url));
const reported = readdirSync(reports).filter((name) => /^\d\d-/.test(name));

describe(`parity of pack and command line, ${reported.length} reports`, () => {
  const scratch = folderForAll();

  for (const name of reported) {
    it(name, () => {
      const files = readdirSync(join(reports, name)).map((file) => `${name}/${file}`);
      const hasApiServer = files.some((file) =>
        /ClusterConfiguration|kube-apiserver/.test(textOf(file)),
      );
      const folder = join(scratch, name);
      cpSync(join(reports, name), folder, { recursive: true });
      if (!hasApiServer)
        writeFileSync(join(folder, "kube-apiserver.yaml"), parts.apiServerPod("verify"));
      const config = filesIn(name, files);
      const stack = hasApiServer
        ? [config]
        : [
            configMap("control-plane", { "kube-apiserver.yaml": parts.apiServerPod("verify") }),
            config,
          ];
      const pairs = fromResources(stack);
      assert.deepEqual(
        fromFolder(
          folder,
          files.some((file) => /kind: Deployment/.test(textOf(file))),
        ),
        pairs,
      );
      assert.ok(pairs.length > 0 || /13-|06-/.test(name), "nothing was compared");
    });
  }
});

describe(`parity of pack and command line, ${cases.length} stacks of manifests`, function () {
  this.timeout(60_000);
  for (const one of cases) {
    it(one.name, async () => {
      const registered = await resourcesOf(one);
      assert.ok(registered.length > 0);
      assert.deepEqual(fromFiles(registered), fromPack(registered));
    });
  }

  it("compares verdicts, not nothing", async () => {
    let pairs = 0;
    // One after the other: the engine's mocks are one for all.
    for (const one of cases) pairs += fromPack(await resourcesOf(one)).length;
    assert.ok(pairs >= cases.length - 2, `${pairs} pairs of ${cases.length} stacks`);
  });
});
