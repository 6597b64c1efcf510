/** Ports at which something answers as no kubelet that is well does. Nothing of a kubelet stands behind them. */
import { execFile } from "node:child_process";
import * as http from "node:http";
import { type AddressInfo, createServer, type Server, type Socket } from "node:net";
import * as tls from "node:tls";
import { promisify } from "node:util";
import type { Cause } from "../../trust/words/verdict.ts";
import { switchName } from "../host/sandbox.ts";
import { type Issued, issue } from "./pki.ts";
import type { World } from "./world.ts";

/** One of them, as a matrix chooses it. */
export type OddPort = {
  /** Also the name of the node in whose status it is. */
  readonly name: string;
  readonly says: string;
  /** What keeps a caller from its answer, of those that `judge` names. */
  readonly cause: Cause;
  /** A server that does so; the pair is one that kube-apiserver takes. */
  readonly server: (pair: Pick<Issued, "certPem" | "keyPem">) => Server;
};

/** Whoever calls one of these waits: kube-apiserver gives up a handshake after ten seconds, and an answer never. */
export const hangingPorts: readonly OddPort[] = [
  {
    name: "odd-silent",
    says: "the connection is accepted, and no TLS comes",
    cause: "hangs",
    server: () => createServer(ignoringErrors),
  },
  {
    name: "odd-mute",
    says: "TLS, and no answer",
    cause: "hangs",
    server: ({ certPem, keyPem }) => tls.createServer({ cert: certPem, key: keyPem }),
  },
];

/** These answer at once. */
export const promptPorts: readonly OddPort[] = [
  {
    name: "odd-http",
    says: "an HTTP server that speaks no TLS",
    cause: "no-kubelet",
    server: () => http.createServer((_, response) => response.end("It works!")),
  },
  {
    name: "odd-old-tls",
    says: "TLS 1.1 and older alone",
    cause: "no-kubelet",
    server: ({ certPem, keyPem }) =>
      tls.createServer({
        ...{ cert: certPem, key: keyPem, minVersion: "TLSv1", maxVersion: "TLSv1.1" },
        // What is offered today leaves nothing to speak of that age.
        ciphers: "DEFAULT@SECLEVEL=0",
      }),
  },
  {
    name: "odd-ends",
    says: "the connection is ended",
    cause: "nothing-answers",
    server: () => onFirstBytes((socket) => socket.end()),
  },
  {
    name: "odd-resets",
    says: "the connection is reset",
    cause: "nothing-answers",
    server: () => onFirstBytes((socket) => socket.resetAndDestroy()),
  },
];

function ignoringErrors(socket: Socket): void {
  socket.on("error", () => {});
}

function onFirstBytes(act: (socket: Socket) => void): Server {
  return createServer((socket) => {
    ignoringErrors(socket);
    socket.once("data", () => act(socket));
  });
}

/** An address of the lab that kube-apiserver dials: it refuses those of a link or of the machine itself. */
const address = "10.250.78.1";

/** A port that is open, and the name of its node. */
export type OpenPort = Pick<OddPort, "name" | "says" | "cause"> & {
  readonly address: string;
  readonly port: number;
};

const run = promisify(execFile);

/** Opens ports on the lab's switch, for as long as this process runs. */
export async function openPorts(
  { hub, authorities }: Pick<World, "hub" | "authorities">,
  chosen: readonly OddPort[],
): Promise<readonly OpenPort[]> {
  if (chosen.length === 0) return [];
  await run("ip", ["addr", "replace", `${address}/32`, "dev", switchName]);
  const route = ["ip", "route", "replace", `${address}/32`, "dev", "eth0", "scope", "link"];
  await run("nsenter", ["-t", String(hub.pid), "-n", "--", ...route]);
  const pair = await issue({
    subject: "CN=odd",
    issuer: authorities.cluster,
    usages: ["serverAuth"],
    ipAddresses: [address],
  });
  return Promise.all(
    chosen.map(async ({ name, says, cause, server }) => {
      const port = await listen(server(pair), address);
      return { name, says, cause, address, port };
    }),
  );
}

/** Listens at a free port, and keeps no process alive by it. */
function listen(server: Server, host: string): Promise<number> {
  server.on("tlsClientError", () => {});
  return new Promise((resolve, reject) => {
    server.on("error", reject);
    server.listen(0, host, () => resolve((server.address() as AddressInfo).port));
    server.unref();
  });
}
