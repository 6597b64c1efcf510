/** Kubelets as they were seen while a matrix ran: what recorded observations tell beyond the answers. */
import type { X509Certificate } from "node:crypto";
import { connect } from "node:tls";
import { type KubeletNode, portOf } from "./kubelet-node.ts";

/** A certificate as observations describe it (test/observed). */
export type SeenCertificate = {
  readonly subject: string;
  readonly issuer: string;
  /** `DNS:name` or `IP:address`. */
  readonly san: readonly string[];
  /** ISO 8601. */
  readonly notAfter: string;
  /** E.g. `RSAPublicKey2048`, `ECPublicKey256`, `Ed25519PublicKey`. */
  readonly key: string;
};

export type SeenKubelet = {
  /** The variant's name. */
  readonly variant: string;
  readonly node: string;
  readonly address: string;
  readonly hostName: string;
  /** The certificate that it presented, or the error of the TLS client. */
  readonly served: SeenCertificate | string;
};

/** Looks at a kubelet that listens. */
export async function see({ variant, node, address }: KubeletNode): Promise<SeenKubelet> {
  return {
    variant: variant.name,
    node,
    address,
    hostName: variant.hostName ?? variant.name,
    served: await served(address, portOf(variant)),
  };
}

function served(host: string, port: number): Promise<SeenCertificate | string> {
  return new Promise((resolve) => {
    const socket = connect({ host, port, rejectUnauthorized: false }, () => {
      const certificate = socket.getPeerX509Certificate();
      resolve(certificate === undefined ? "no certificate" : described(certificate));
      socket.destroy();
    });
    socket.setTimeout(5000, () => {
      resolve("no answer within 5 s");
      socket.destroy();
    });
    socket.on("error", ({ message }) => resolve(message));
  });
}

function described(certificate: X509Certificate): SeenCertificate {
  const names = certificate.subjectAltName?.split(", ") ?? [];
  return {
    subject: onOneLine(certificate.subject),
    issuer: onOneLine(certificate.issuer),
    san: names.map((name) => name.replace(/^IP Address:/, "IP:")),
    notAfter: new Date(certificate.validTo).toISOString(),
    key: keyOf(certificate),
  };
}

function onOneLine(name: string): string {
  return name.replaceAll("\n", ",");
}

function keyOf({ publicKey }: X509Certificate): string {
  const { modulusLength, namedCurve } = publicKey.asymmetricKeyDetails ?? {};
  switch (publicKey.asymmetricKeyType) {
    case "rsa":
      return `RSAPublicKey${modulusLength}`;
    case "ec":
      return `ECPublicKey${namedCurve === "secp384r1" ? 384 : 256}`;
    default:
      return "Ed25519PublicKey";
  }
}
