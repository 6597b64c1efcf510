/** Environment files that no unit here uses: kubeadm's own, which its packages' unit reads, and others. */
import { groupBy } from "../words/group-by.ts";
import { environmentPaths, isNamed } from "./environment-texts.ts";
import type { Part, Reading } from "./format.ts";
import { unread } from "./origins.ts";
import type { Origin, Piece } from "./piece.ts";
import { readingOf } from "./program-pieces.ts";
import { speaks } from "./speaks.ts";
import { readSystemdUnit } from "./systemd-unit.ts";
import { beside, farKey, maxFiles, nameOf, type Text } from "./unit-groups.ts";

/** kubeadm's drop-in for kubelet.service, which its packages install. */
const kubeadmUnit = `[Service]
Environment="KUBELET_KUBECONFIG_ARGS=--bootstrap-kubeconfig=/etc/kubernetes/bootstrap-kubelet.conf --kubeconfig=/etc/kubernetes/kubelet.conf"
Environment="KUBELET_CONFIG_ARGS=--config=/var/lib/kubelet/config.yaml"
EnvironmentFile=-/var/lib/kubelet/kubeadm-flags.env
EnvironmentFile=-/etc/default/kubelet
EnvironmentFile=-/etc/sysconfig/kubelet
ExecStart=/usr/bin/kubelet $KUBELET_KUBECONFIG_ARGS $KUBELET_CONFIG_ARGS $KUBELET_KUBEADM_ARGS $KUBELET_EXTRA_ARGS
`;
/** As many flags are kubeadm's own, before those of the environment files. */
const kubeadmOwnFlags = 3;

/** By its name, and by flags in it, it is a kubelet's or kube-apiserver's, though no word of it says so. */
function isNamedForKubelet({ text, origin }: Text): boolean {
  return /kubelet|kube-?api-?server/i.test(nameOf(origin)) && handsFlags.test(text);
}

/** `command_args="--config=..."` */
const handsFlags = /^[ \t]*(?:export\s+)?\w*(?:args|opts|flags)\w*=.*--[a-z]/im;

/** Whether an environment file is one of those that kubeadm's unit reads. */
function isKubeadms({ text }: Text): boolean {
  return /^[ \t]*KUBELET_(KUBEADM|EXTRA)_ARGS=/m.test(text);
}

/** The pieces, with the flags of environment files that no unit used given to the kubelets that kubeadm starts. */
export function withEnvironments(
  pieces: readonly Piece[],
  parts: readonly Part[],
  used: Set<Text>,
): readonly Piece[] {
  const files = parts.filter(
    (part): part is Text => part.kind === "environment" && !used.has(part) && isKubeadms(part),
  );
  if (files.length === 0) return pieces;
  const near = groupBy(files, ({ origin }) => beside(origin));
  const far = groupBy(files, farKey);
  return pieces.map((piece) => {
    if (piece.kind !== "kubeadm" || piece.configuration.kubelets.length === 0) return piece;
    const own = (near.get(beside(piece.origin)) ?? far.get(farKey(piece)) ?? []).slice(0, maxFiles);
    if (own.length === 0) return piece;
    for (const one of own) used.add(one);
    const [line] = kubeadmUnitWith(own, piece.origin).commandLines;
    const added = (line?.words ?? []).slice(kubeadmOwnFlags);
    const kubelets = piece.configuration.kubelets.map((kubelet) => ({
      ...kubelet,
      commandLine: {
        ...kubelet.commandLine,
        words: [...kubelet.commandLine.words, ...added],
      },
    }));
    return { ...piece, configuration: { ...piece.configuration, kubelets } };
  });
}

function kubeadmUnitWith(files: readonly Text[], { source }: Origin) {
  const paths = environmentPaths(kubeadmUnit);
  const environmentFiles = Object.fromEntries(
    files.map((file, index) => [
      paths.find((path) => path === file.origin.path || isNamed(path)(file)) ?? paths[index] ?? "",
      file.text,
    ]),
  );
  return readSystemdUnit(kubeadmUnit, { where: source.where }, { environmentFiles });
}

/**
 * Environment files that no unit used: those of kubeadm's unit are its kubelet's where nothing else starts one; others
 * that speak of kubelets are said.
 *
 * Source: kubernetes release `cmd/krel/templates/latest/kubeadm/10-kubeadm.conf`.
 */
export function leftEnvironments(
  parts: readonly Part[],
  used: ReadonlySet<Text>,
  hasKubelet: boolean,
): readonly Reading[] {
  const left = parts.filter(
    (part): part is Text =>
      part.kind === "environment" &&
      !used.has(part) &&
      (speaks(part.text) !== "of other things" || isNamedForKubelet(part)),
  );
  return [...groupBy(left, ({ origin }) => beside(origin)).values()].map((files): Reading => {
    const [first] = files;
    if (!first || !files.some(isKubeadms) || hasKubelet) {
      return {
        pieces: files.map(({ origin, text }) =>
          unread(
            origin,
            `the unit that uses the environment file ${origin.source.where}`,
            speaks(text) === "of settings" || handsFlags.test(text),
          ),
        ),
        inner: [],
      };
    }
    const reading = readingOf(kubeadmUnitWith(files, first.origin), first.origin);
    const note = unread(
      first.origin,
      `the unit that uses ${first.origin.source.where}, which is taken to be kubeadm's`,
      false,
    );
    return { ...reading, pieces: [...reading.pieces, note] };
  });
}
