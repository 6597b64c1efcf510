/**
 * What a kubelet's port presents to whoever begins a TLS connection: the certificate is looked at and not verified, no
 * client certificate is shown, nothing is sent and nothing asked for.
 */
import { isIP } from "node:net";
import * as tls from "node:tls";
import { reasonOf } from "./connect.ts";
import { NoAnswer, type Wait, waitFor } from "./patience.ts";

/** What one handshake came to. */
export type Handshake =
  /** DER of the chain, leaf first. */
  | { readonly chain: readonly Uint8Array[]; readonly address: string }
  /** The server has no certificate to present: it answers with the alert `internal error`. */
  | { readonly noCertificate: true; readonly address: string }
  /** Why nothing was seen; `silence` where the port took the connection and answered nothing, for as long as it says. */
  | { readonly unseen: string; readonly silence?: string };

/** Certificates of a chain that are looked at. */
const mostCertificates = 10;

/**
 * Begins a connection to each of a kubelet's addresses at once; the first that answers counts, as all are one kubelet.
 *
 * @param serverName DNS name to ask for; none where an IP address is dialled
 * @param until aborts when the run's time is up
 * @param seconds to wait for an answer; default 5
 */
export async function shakeHands(
  addresses: readonly string[],
  port: number,
  serverName: string | undefined,
  until: AbortSignal,
  seconds?: number,
): Promise<Handshake> {
  if (addresses.length === 0) return { unseen: "the node has no address" };
  const wait = waitFor(until, seconds);
  const sockets: tls.TLSSocket[] = [];
  try {
    return await Promise.any(
      addresses.map((address) => handshake(address, port, serverName, wait, sockets)),
    );
  } catch (error) {
    const errors: unknown[] = error instanceof AggregateError ? error.errors : [error];
    const silent = errors.find((one) => one instanceof Silence);
    return { unseen: reasonOf(errors[0]), ...(silent && { silence: reasonOf(silent.cause) }) };
  } finally {
    wait.end();
    for (const socket of sockets) socket.destroy();
  }
}

/** The port took the connection, and answered nothing; the cause says for how long. */
class Silence extends Error {}

// No roots: nothing is verified, and reading them for every connection takes longer than the handshake.
const secureContext = tls.createSecureContext({ ca: [], minVersion: "TLSv1.2" });

function handshake(
  address: string,
  port: number,
  serverName: string | undefined,
  { signal, why }: Wait,
  sockets: tls.TLSSocket[],
): Promise<Handshake> {
  return new Promise((resolve, reject) => {
    const at = address.includes(":") ? `[${address}]:${port}` : `${address}:${port}`;
    let isConnected = false;
    const giveUp = () => {
      const cause = why();
      const Kind = isConnected && cause instanceof NoAnswer ? Silence : Error;
      reject(new Kind(`${at}: ${cause.message}`, { cause }));
    };
    if (signal.aborted) return giveUp();
    signal.addEventListener("abort", giveUp, { once: true });
    const socket = tls.connect({
      host: address,
      port,
      secureContext,
      rejectUnauthorized: false,
      ...(serverName !== undefined && isIP(serverName) === 0 && { servername: serverName }),
    });
    sockets.push(socket);
    socket.on("connect", () => {
      isConnected = true;
    });
    socket.on("secureConnect", () => {
      const chain = chainOf(socket);
      if (chain.length > 0) resolve({ chain, address: at });
      else reject(new Error(`${at} presents no certificate`));
    });
    socket.on("error", (error) => {
      if (isInternalError(error)) resolve({ noCertificate: true, address: at });
      else reject(new Error(`${at}: ${reasonOf(error)}`));
    });
  });
}

/** Alert 80, which Go sends when its server finds no certificate. Source: Go `crypto/tls/handshake_server.go`. */
function isInternalError(error: NodeJS.ErrnoException): boolean {
  return /ALERT_INTERNAL_ERROR/.test(error.code ?? "") || /alert number 80\b/.test(error.message);
}

function chainOf(socket: tls.TLSSocket): Uint8Array[] {
  const chain: Uint8Array[] = [];
  let certificate: tls.DetailedPeerCertificate | undefined = socket.getPeerCertificate(true);
  while (certificate?.raw !== undefined && chain.length < mostCertificates) {
    const { raw, issuerCertificate }: tls.DetailedPeerCertificate = certificate;
    chain.push(raw);
    // What signs itself is its own issuer.
    certificate = issuerCertificate === certificate ? undefined : issuerCertificate;
  }
  return chain;
}
