/** From what the command line names to clusters: files are found here, what they mean is for the readers and trust/cluster. */
import { assemble } from "../trust/cluster/assemble.ts";
import type { AssembleOptions, Assembly } from "../trust/cluster/assembly.ts";
import type {
  FilePiece,
  Origin,
  Piece,
  ProgramPiece,
  UnreadPiece,
} from "../trust/readers/piece.ts";
import { type Given, readTogether } from "../trust/readers/recognise.ts";
import { mayDecide } from "../trust/readers/speaks.ts";
import { textFile } from "../trust/readers/text-file.ts";
import { known } from "../trust/words/fact.ts";
import type { FileContent } from "../trust/words/facts.ts";
import { groupBy } from "../trust/words/group-by.ts";
import { type JudgeArguments, type Side, UsageError } from "./arguments.ts";
import {
  checkedFolder,
  contentOf,
  type Found,
  hostFiles,
  namesOnHost,
  readGivenFile,
  readHost,
} from "./disk.ts";
import { looseFiles } from "./loose-files.ts";

/**
 * Reads everything that the command line names, and puts it together.
 *
 * @throws UsageError
 */
export function readEvidence(args: JudgeArguments): Assembly {
  const roots = new Map<string, string>();
  const files = withoutDoubles(args.files);
  const givens: Given[] = [];
  const pieces = sides.flatMap((side) => readSide(side, { ...args, files }, roots, givens));
  const assembly = withoutOtherSides(assemble(pieces, optionsOf(args, roots, givens)));
  for (const side of ["kubelet", "apiserver"] as const) requireSide(side, args, assembly);
  return assembly;
}

/** A file that is given for both sides is read once, and all of it counts. */
function withoutDoubles(files: JudgeArguments["files"]): JudgeArguments["files"] {
  const byFile = groupBy(files, ({ file, hostPath }) => `${hostPath ?? ""}=${file}`);
  return [...byFile.values()].flatMap((same) => {
    const [first] = same;
    if (first === undefined) return [];
    const given = new Set(same.map(({ side }) => side));
    return [given.size > 1 ? { ...first, side: "any" as const } : first];
  });
}

/** What a file says about the other side does not count where it was given for one. */
function withoutOtherSides(assembly: Assembly): Assembly {
  const isFrom = (side: Side, { holder }: Origin) => holder.startsWith(`${optionOf[side]} `);
  const isKubelet = ({ origin }: { readonly origin: Origin }) =>
    !isFrom("apiserver", origin) && !isFrom("rbac", origin);
  return {
    ...assembly,
    clusters: assembly.clusters.map((cluster) => ({
      ...cluster,
      kubelets: cluster.kubelets.filter(isKubelet),
      apiServers: cluster.apiServers.filter(
        ({ origin }) => !origin || !(isFrom("kubelet", origin) || isFrom("rbac", origin)),
      ),
      // Assumptions are made while the judge asks for files.
      get assumptions() {
        return cluster.assumptions;
      },
    })),
    unpaired: assembly.unpaired.filter(isKubelet),
  };
}

/** A side that files were given for must be in them. */
function requireSide(
  side: "kubelet" | "apiserver",
  args: JudgeArguments,
  assembly: Assembly,
): void {
  const root = side === "kubelet" ? args.kubeletRoot : args.apiserverRoot;
  if (root === undefined && !args.files.some((one) => one.side === side)) return;
  const { clusters, unpaired } = assembly;
  if (side === "kubelet") {
    if (unpaired.length > 0 || clusters.some(({ kubelets }) => kubelets.length > 0)) return;
    throw new UsageError(
      "--kubelet: no kubelet found; give its unit, command line, KubeletConfiguration or kubeadm configuration",
    );
  }
  if (clusters.some(({ apiServers }) => apiServers.length > 0)) return;
  throw new UsageError(
    "--apiserver: no kube-apiserver found; give its pod manifest, unit, command line or kubeadm ClusterConfiguration",
  );
}

const sides: readonly Side[] = ["any", "kubelet", "apiserver", "rbac"];

/** How the command line calls what was given for a side. */
const optionOf: Readonly<Record<Side, string>> = {
  any: "file",
  kubelet: "--kubelet",
  apiserver: "--apiserver",
  rbac: "--rbac",
};

function readSide(
  side: Side,
  args: JudgeArguments,
  roots: Map<string, string>,
  givens: Given[],
): readonly Piece[] {
  const option = optionOf[side];
  const root =
    side === "kubelet" ? args.kubeletRoot : side === "apiserver" ? args.apiserverRoot : undefined;
  const machine = root === undefined ? undefined : checkedFolder(`${option}-root`, root);
  const founds = args.files
    .filter((one) => one.side === side)
    .map((given): Found & { readonly file: string; readonly hostPath?: string } => ({
      ...readGivenFile(option, given, machine),
      ...given,
    }));
  if (machine !== undefined) {
    roots.set(machine, machine);
    // Without files of its own, the host says what it starts.
    if (founds.length === 0) founds.push({ ...readHost(option, machine, machine), file: machine });
  }
  for (const found of founds) {
    for (const [name, folder] of found.roots) roots.set(name, folder);
    givens.push(...found.givens);
  }
  const pieces = ofSide(side, readTogether(founds.flatMap(({ givens }) => givens)));
  for (const found of founds) {
    if (found.hostPath === undefined && !isUnderstood(found, pieces)) {
      throw new UsageError(
        `${option}: ${found.file} holds nothing that is read here (docs/reading.md); if it is a file of the host, write PATH=${found.file}`,
      );
    }
  }
  return [...pieces, ...founds.flatMap(filesAt), ...founds.flatMap(passedOver)];
}

function isUnderstood(
  { givens, file }: Found & { readonly file: string },
  pieces: readonly Piece[],
) {
  const files = new Set([file, ...givens.map(({ origin }) => origin.source.where)]);
  return pieces.some(({ origin }) =>
    [...files].some(
      (one) =>
        origin.source.where === one ||
        origin.source.where.startsWith(`${one} `) ||
        origin.source.where.startsWith(`${one}:`),
    ),
  );
}

/** The programs of the other side do not count, nor does anything but RBAC of RBAC's files. */
function ofSide(side: Side, pieces: readonly Piece[]): readonly Piece[] {
  switch (side) {
    case "rbac":
      return pieces.filter(({ kind }) => kind === "rbac" || kind === "unread");
    case "kubelet":
      return pieces.filter((one) => one.kind !== "program" || isKubelet(one));
    case "apiserver":
      return pieces.filter((one) => one.kind !== "program" || !isKubelet(one));
    default:
      return pieces;
  }
}

function isKubelet({ commandLine }: ProgramPiece): boolean {
  return commandLine.program === "kubelet";
}

/** A file whose path on its host was said is that file, whatever else is in it. */
function filesAt({ givens }: Found): FilePiece[] {
  return givens.flatMap(({ content, origin }): FilePiece[] =>
    origin.path === undefined
      ? []
      : [
          {
            kind: "file",
            origin,
            path: origin.path,
            content: textFile(origin.path, textOf(content), origin.source),
          },
        ],
  );
}

function textOf(content: Given["content"]): string {
  return typeof content === "string" ? content : Buffer.from(content).toString("utf8");
}

function passedOver({ passedOver: all }: Found): UnreadPiece[] {
  return all.map(({ file, why }) => ({
    kind: "unread",
    origin: {
      source: { where: file },
      holder: file,
      cluster: known(undefined),
      scope: "command line",
      annotations: {},
    },
    missing: `${file}: ${why}`,
    deciding: mayDecide(file),
  }));
}

function optionsOf(
  args: JudgeArguments,
  roots: ReadonlyMap<string, string>,
  givens: readonly Given[],
): AssembleOptions {
  const { at, kubernetesVersion, nodeName, addresses, csr, signer, skipReason } = args;
  return {
    filesOf: (machine) => {
      const root = roots.get(machine);
      return root === undefined ? undefined : hostFiles(root);
    },
    looseFiles: looseFiles(givens),
    folders: (machine, path) => {
      const root = roots.get(machine);
      return root === undefined ? undefined : namesOnHost(root, path);
    },
    approverElsewhere:
      "what becomes of the kubelet's certificate request (give the approver's manifest and its RBAC, or --csr issued, pending, denied or neverIssued)",
    rbacElsewhere: "the cluster's ClusterRoles and ClusterRoleBindings (--rbac FILE)",
    ...(at !== undefined && { at }),
    ...(kubernetesVersion !== undefined && { version: kubernetesVersion }),
    ...(nodeName !== undefined && { hostName: known(nodeName) }),
    ...(addresses.length > 0 && { addresses: known(addresses) }),
    ...(csr !== undefined && { request: csr }),
    ...(signer !== undefined && { signer: signerOf(signer) }),
    ...(skipReason !== undefined && { skipReason }),
  };
}

function signerOf(file: string): FileContent {
  const text = textOf(contentOf("--signer", file));
  if (text.includes("-----BEGIN CERTIFICATE-----")) return { kind: "text", text };
  throw new UsageError(`--signer: ${file} holds no certificate; give the PEM of the CA that signs`);
}
