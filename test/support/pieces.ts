/** What readers made of a text, in one line a piece. */
import type { Origin, Piece } from "../../trust/readers/piece.ts";
import { readTogether } from "../../trust/readers/recognise.ts";
import type { Json } from "../../trust/readers/yaml.ts";
import type { RbacFacts } from "../../trust/words/facts.ts";

/** An origin like that of a file which somebody hands in. */
export function origin(name: string): Origin {
  return {
    source: { where: name },
    holder: `/given/${name}`,
    key: name,
    cluster: { known: true, value: undefined },
    scope: "given",
    annotations: {},
  };
}

/** The pieces of files that stand beside each other, by their names. */
export function piecesOf(files: Readonly<Record<string, string | Uint8Array>>): readonly Piece[] {
  return readTogether(
    Object.entries(files).map(([name, content]) => ({ content, origin: origin(name) })),
  );
}

/** The pieces of an object, as a stack has it. */
export function piecesOfObject(object: Json): readonly Piece[] {
  return readTogether([{ object, origin: origin("resource") }]);
}

/** Each piece in one line; workloads and files only where they are asked for. */
export function brief(pieces: readonly Piece[]): string[] {
  return pieces.flatMap((piece) => {
    const said = sayPiece(piece);
    return said === undefined ? [] : [said];
  });
}

/** What the files say, in one line a piece. */
export function say(files: Readonly<Record<string, string | Uint8Array>>): string[] {
  return brief(piecesOf(files));
}

/** What one text of the name `text` says. */
export function sayText(content: string | Uint8Array): string[] {
  return say({ text: content });
}

function sayPiece(piece: Piece): string | undefined {
  switch (piece.kind) {
    case "program": {
      const words = piece.commandLine.words.map((word) =>
        word.kind === "text" ? word.text : `<${word.missing}>`,
      );
      return [piece.commandLine.program, ...words].join(" ");
    }
    case "kubelet-configuration": {
      const { kind: _kind, apiVersion: _version, ...fields } = piece.document.value;
      return `${piece.role} ${JSON.stringify(fields)}`;
    }
    case "kubeadm": {
      const { apiServer, kubelets, kubeletConfiguration } = piece.configuration;
      return [
        "kubeadm",
        ...(apiServer ? ["cluster"] : []),
        ...kubelets.map(({ by, nodeName }) => (nodeName === undefined ? by : `${by}=${nodeName}`)),
        ...(kubeletConfiguration ? ["kubelet-config"] : []),
      ].join(" ");
    }
    case "unread":
      return `${piece.deciding ? "undecidable" : "noted"}: ${piece.missing}`;
    case "caller": {
      const { verification, refusal, addressTypes } = piece;
      const told = verification.known
        ? verification.value.skip
          ? "skips"
          : `verifies ${verification.value.caFile}`
        : `<${verification.missing}>`;
      const types = addressTypes?.known ? ` by ${addressTypes.value.join(",")}` : "";
      return `${piece.program} ${told}${types}${refusal === undefined ? "" : `: ${refusal.says}`}`;
    }
    case "node":
      return `node ${piece.name} ${piece.addresses.map(({ address }) => address).join(" ")}`;
    case "rbac":
      return `rbac ${[...piece.rbac.roles, ...piece.rbac.bindings].map(({ name }) => name).join(" ")}`;
    default:
      return undefined;
  }
}

/** The ClusterRoles and ClusterRoleBindings of a text. */
export function rbacIn(text: string): RbacFacts {
  const found = piecesOf({ "rbac.yaml": text }).flatMap((piece) =>
    piece.kind === "rbac" ? [piece.rbac] : [],
  );
  return {
    roles: found.flatMap(({ roles }) => roles),
    bindings: found.flatMap(({ bindings }) => bindings),
  };
}
