/** The programs of a control plane: which there are, which files they see, and what decides about them. */
import { kubeadmPkiDirectory } from "../kubeadm/pki.ts";
import { apiServerRefusals } from "../programs/api-server/facts.ts";
import { readArguments } from "../readers/command-line.ts";
import type { Piece, ProgramPiece } from "../readers/piece.ts";
import { isOfPod } from "../readers/volumes.ts";
import { type Fact, known, unknown } from "../words/fact.ts";
import type { FileContent, HostFiles, RbacFacts } from "../words/facts.ts";
import { skipFor, skipOf } from "../words/skip.ts";
import type { AssembledApiServer, AssembleOptions, DeclaredApiServer } from "./assembly.ts";
import { type FilesOf, firstKnown, layered } from "./files.ts";
import { flagText } from "./flags.ts";
import { machineName } from "./kubelets.ts";
import type { ApiServerPiece } from "./restated.ts";

/** What was asked for, and the files that were found. */
export type Sources = { readonly options: AssembleOptions; readonly filesOf: FilesOf };

/** The kube-apiservers among pieces. */
export function apiServersIn(pieces: readonly Piece[]): ApiServerPiece[] {
  return programsIn(pieces, "kube-apiserver");
}

/** The programs of a name: those that are started, and those that kubeadm starts. */
export function programsIn(
  pieces: readonly Piece[],
  program: "kube-apiserver" | "kube-controller-manager",
): ApiServerPiece[] {
  return pieces.flatMap((piece): ApiServerPiece[] => {
    if (piece.kind === "program" && piece.commandLine.program === program) {
      return [{ ...piece, byKubeadm: false }];
    }
    if (piece.kind !== "kubeadm") return [];
    const { apiServer, controllerManager, kubernetesVersion } = piece.configuration;
    const commandLine = program === "kube-apiserver" ? apiServer : controllerManager;
    if (commandLine === undefined) return [];
    const { where } = piece.origin.source;
    return [
      {
        kind: "program",
        origin: piece.origin,
        commandLine,
        label: `${program} of ${where}`,
        ...(kubernetesVersion !== undefined && { version: kubernetesVersion }),
        byKubeadm: true,
      },
    ];
  });
}

/** Where kubeadm keeps a cluster's certificates: what its document says, else its default. */
export function certificatesDirectory(pieces: readonly Piece[]): string {
  const found = pieces.find(
    (piece) => piece.kind === "kubeadm" && piece.configuration.apiServer !== undefined,
  );
  return found?.kind === "kubeadm"
    ? found.configuration.certificatesDirectory
    : kubeadmPkiDirectory;
}

/** The cluster's CA: where kubeadm puts it, else what a kube-apiserver in a container has as `--client-ca-file`. */
export function authorityOf(
  pieces: readonly Piece[],
  apiServers: readonly ApiServerPiece[],
  directory: string,
  version: string,
  { filesOf }: Sources,
): FileContent | undefined {
  const path = `${directory}/ca.crt`;
  function* candidates() {
    for (const piece of apiServers) yield (piece.files ?? filesOf(piece.origin))?.(path);
    for (const { commandLine, files } of apiServers) {
      const flag = files && flagText(commandLine, "client-ca-file", version);
      if (flag?.known && flag.value !== undefined) yield files?.(flag.value);
    }
    for (const piece of pieces) {
      if (piece.kind === "program" || piece.kind === "kubelet-configuration") {
        yield (piece.kind === "program" && piece.files ? piece.files : filesOf(piece.origin))?.(
          path,
        );
      }
    }
  }
  return firstKnown(candidates());
}

/** Whether kubeadm made this kube-apiserver, and so the RBAC that it needs. */
export function isOfKubeadm(
  { byKubeadm, commandLine, pod }: ApiServerPiece,
  version: string,
  directory: string,
): boolean {
  if (byKubeadm) return true;
  const flag = flagText(commandLine, "kubelet-client-certificate", version);
  if (!flag.known || flag.value !== `${directory}/apiserver-kubelet-client.crt`) return false;
  // kubeadm writes to its machine: what comes from an object of a cluster somebody else has put there.
  const volume = pod?.volumeAt(flag.value)?.volume;
  return volume === undefined || !isOfPod(volume);
}

/** A kube-controller-manager sees its own files, and lies beside kube-apiservers. */
export function controlPlaneFiles(
  piece: ProgramPiece,
  apiServers: readonly ApiServerPiece[],
  shared: HostFiles,
  { filesOf }: Sources,
): HostFiles {
  let beside = shared;
  for (const one of apiServers) beside = layered(one.files ?? filesOf(one.origin), beside);
  return layered(piece.files ?? filesOf(piece.origin), beside);
}

/** A kube-apiserver that was found, with the files that it sees. */
export function apiServerOf(
  piece: ApiServerPiece,
  version: string,
  shared: HostFiles,
  rbac: Fact<RbacFacts>,
  { options, filesOf }: Sources,
): AssembledApiServer {
  const { origin, commandLine } = piece;
  const { source } = origin;
  const machine = machineName(origin);
  const { refusals, asIfStarted } = apiServerRefusals({
    label: piece.label ?? (machine === undefined ? source.where : `kube-apiserver of ${machine}`),
    version: known(options.version ?? piece.version ?? version),
    commandLine,
    skip:
      options.skipReason === undefined
        ? skipOf(origin.annotations, { where: source.where })
        : known(skipFor(options.skipReason)),
    rbac,
    files: layered(piece.files ?? filesOf(origin), withoutUnseen(shared, options)),
    source: commandLine.source,
  });
  return { origin, facts: asIfStarted, refusals };
}

/** What lies on all machines, without what is known to be unseen. */
function withoutUnseen(shared: HostFiles, { running }: AssembleOptions): HostFiles {
  if (running === undefined) return shared;
  return (path) => {
    const missing = running.unseenFiles.get(path);
    return missing === undefined ? shared(path) : unknown(missing, { where: path });
  };
}

/** A kube-apiserver of another stack, of which the flags are declared. */
export function fromDeclared(
  { cluster, version: own, flags, skipReason, where }: DeclaredApiServer,
  version: string,
  files: HostFiles,
  rbac: Fact<RbacFacts>,
): AssembledApiServer {
  const source = { where };
  const [commandLine] = readArguments(["kube-apiserver", ...flags], source).commandLines;
  const { refusals, asIfStarted } = apiServerRefusals({
    label: `kube-apiserver of ${cluster ?? "another stack"}`,
    version: known(own ?? version),
    commandLine: commandLine ?? { program: "kube-apiserver", words: [], source },
    skip: known(skipReason === undefined ? undefined : skipFor(skipReason), source),
    rbac,
    files,
    source,
  });
  return { origin: undefined, facts: asIfStarted, refusals };
}
