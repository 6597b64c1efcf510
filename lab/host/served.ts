import { connect } from "node:tls";

/** Default port of kubelets (KubeletConfiguration v1beta1, `port`). */
export const kubeletPort = 10250;

/**
 * SHA-256 fingerprint of the certificate that a server presents; undefined when it presents none or does not answer.
 * Whether to trust it is not the question here.
 */
export function servedFingerprint(host: string, port: number): Promise<string | undefined> {
  return new Promise((resolve) => {
    const socket = connect({ host, port, rejectUnauthorized: false, timeout: 5000 }, () => {
      resolve(socket.getPeerX509Certificate()?.fingerprint256);
      socket.destroy();
    });
    socket.on("error", () => resolve(undefined));
    socket.on("timeout", () => {
      socket.destroy();
      resolve(undefined);
    });
  });
}
