/**
 * docs/conformance.md, from the cases of the last run of each Kubernetes version.
 */

import { metricsServerVersion, prometheusVersion } from "../../toolchain/kubernetes/callers.ts";
import { etcdVersion } from "../../toolchain/kubernetes/programs.ts";
import { minorOf } from "./arguments.ts";
import {
  callersTable,
  clientTable,
  columnsOf,
  directTable,
  servingTable,
  startupTable,
  symptoms,
} from "./document-tables.ts";
import { differences, runsTable, unknownSettings, type VersionRun } from "./document-versions.ts";
import { addressTypes } from "./stances.ts";

/** The page, from one run a version, the oldest first; `versions` are all that could be run. */
export function document(runs: readonly VersionRun[], versions: readonly string[]): string {
  const newest = runs.at(-1);
  if (newest === undefined) throw new Error("there is no run to write about");
  const { cases } = newest;
  return `# Conformance: the verdict against real programs

\`npm run lab -- conformance\` sets real programs up, case by case, lets \`judge\` say what will happen from the very
files and arguments they are given, then asks them, and compares word by word: the outcome, the HTTP status and the
message. It ends with the number of agreements and exits with 1 when there is a disagreement.
\`--kubernetes ${versions.map(minorOf).join("|")}\` takes the programs of that version, each built from source the first time (about five
minutes of two cores), and judges by that version's tables and words; without it, the newest.
\`npm run lab -- conformance short\` is the choice that \`npm test\` runs, of the newest version: every serving mode under
every stance, and every symptom, once. Of the oldest it runs \`least\`: every serving mode verified and not, and what that
version answers in words of its own. \`npm run lab -- conformance document\` writes this page from the last long runs.

It needs what the lab needs (see [lab.md](lab.md)), about 9 GB of memory and, on 2 cores, some minutes. Each case is one
JSON line in \`conformance-MINOR.jsonl\`: \`judge\` has the verdict, \`reality\` the answer. What is unknown beforehand is
left out of the comparison: the current time in a message about validity, and the resolver's address.

## Last runs

With etcd ${etcdVersion}, on Linux with 2 cores. A cell has the agreements and the cases.

${runsTable(runs, versions)}

## What changed between the versions

${differences(runs)}

## Serving side

As of ${newest.version}. Each kubelet, with a real pod, is asked for its logs through each kube-apiserver. A cell says what
came of \`--kubelet-preferred-address-types\` ${addressTypes.map(({ flag }) => (flag === undefined ? "absent" : `\`${flag}\``)).join(", ")}, in
this order, or once when all agree. Columns are the content of \`--kubelet-certificate-authority\`.

${servingTable(cases)}

What stands for what: ${symptoms.map(([text, name]) => `*${name}*: \`${text}\``).join("; ")}.

## Client side

As of ${newest.version}.

${clientTable(cases)}

The number of request kinds that work, of the eight that are asked: logs, exec by WebSocket, exec by SPDY, metrics,
stats, pods, healthz, configz. Rows are kubelets, columns kube-apiservers:

${columnsOf(cases)}

## Past kube-apiserver

As of ${newest.version}, straight to the kubelets of the table above: how many of seven requests work (logs, exec by SPDY,
metrics, stats, pods, healthz, configz).

${directTable(cases)}

## Other callers

metrics-server ${metricsServerVersion}, the whole program, and what discovers and scrapes in Prometheus ${prometheusVersion}, as pods run
them: with a token of their ServiceAccount, the cluster CA beside it, and every node of the cluster to ask. They are run
beside ${newest.version}. What a Prometheus may do is not in its configuration: whose token it sends is not known from there.

${callersTable(cases)}

## Start-up

As of ${newest.version}: half-given and mismatched pairs, files that are missing, empty or no PEM, fields of the wrong type, and
settings that look wrong and start all the same.

${startupTable(cases)}

Beside these, each program is started with every flag and feature gate that one of the versions does not know, or that is
gone longer:

${unknownSettings(runs)}
`;
}
