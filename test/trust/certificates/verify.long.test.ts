/** Our verification of chains against Go's own, which is what kubelet and kube-apiserver run. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import {
  criticalExtension,
  type Issued,
  issue,
  makeKeys,
  type Request,
} from "../../../lab/x509/issue.ts";
import { compileFlags } from "../../../toolchain/go.mjs";
import { verifyChain } from "../../../trust/certificates/verify.ts";
import { canonicalIp } from "../../../trust/go/ip.ts";
import { readPem } from "../../../trust/readers/pem.ts";

const at = new Date("2026-11-24T08:00:00Z");
const day = 86_400_000;
const past = {
  notBefore: new Date(at.getTime() - 9 * day),
  notAfter: new Date(at.getTime() - day),
};
const future = { notBefore: new Date(at.getTime() + day) };

type Chains = Readonly<Record<string, readonly Issued[]>>;
type Question = {
  readonly id: string;
  readonly chain: string;
  readonly roots: string;
  readonly host: string;
  readonly usage: "serverAuth" | "clientAuth";
};

/** CAs of every kind that a bundle can hold, good and bad. */
async function makeAuthorities(): Promise<Record<string, Issued>> {
  const rsa = await makeKeys("RSA-2048");
  const kubernetes: Request = { subject: "CN=kubernetes", isCA: true };
  const constrained = (subject: string, der: readonly number[]) =>
    issue({
      subject,
      isCA: true,
      extensions: [criticalExtension("2.5.29.30", Uint8Array.from(der))],
    });
  return {
    good: await issue({ ...kubernetes, keys: rsa }),
    sameNameEcdsa: await issue(kubernetes),
    sameNameEd25519: await issue({ ...kubernetes, key: "Ed25519" }),
    sameNameRsa: await issue({ ...kubernetes, key: "RSA-2048" }),
    renewed: await issue({ ...kubernetes, keys: rsa, notAfter: new Date("2030-01-01T00:00:00Z") }),
    goodExpired: await issue({ ...kubernetes, keys: rsa, ...past }),
    expired: await issue({ subject: "CN=expired", isCA: true, ...past }),
    noPath: await issue({ subject: "CN=no path", isCA: true, pathLength: 0 }),
    clientsOnly: await issue({ subject: "CN=clients", isCA: true, usages: ["clientAuth"] }),
    noAuthority: await issue({ subject: "CN=no authority" }),
    organization: await issue({ subject: "O=Some One", isCA: true }),
    organizationToo: await issue({ subject: "O=Some One", isCA: true }),
    // NameConstraints, permitted: dNSName "node-1"; excluded: iPAddress 10.0.0.0/8.
    names: await constrained("CN=names", [
      0x30,
      12,
      0xa0,
      10,
      0x30,
      8,
      0x82,
      6,
      ...Buffer.from("node-1"),
    ]),
    addresses: await constrained(
      "CN=addresses",
      [0x30, 14, 0xa1, 12, 0x30, 10, 0x87, 8, 10, 0, 0, 0, 255, 0, 0, 0],
    ),
  };
}

async function makeChains(authorities: Record<string, Issued>): Promise<Chains> {
  const leafOf = (issuer: Issued | undefined, request: Partial<Request> = {}) =>
    issue({
      subject: "CN=node-1",
      dnsNames: ["node-1"],
      ipAddresses: ["10.0.0.11"],
      usages: ["serverAuth"],
      ...(issuer && { issuer }),
      ...request,
    });
  const { good, noPath } = authorities;
  assert.ok(good && noPath);
  const chains: Record<string, readonly Issued[]> = {};
  for (const [name, issuer] of Object.entries(authorities)) {
    chains[`by ${name}`] = [await leafOf(issuer)];
  }
  const intermediates: Record<string, Issued> = {
    intermediate: await issue({ subject: "CN=i", isCA: true, issuer: good }),
    intermediateNoCA: await issue({ subject: "CN=i", issuer: good }),
    intermediateExpired: await issue({ subject: "CN=i", isCA: true, issuer: good, ...past }),
    intermediateSha1: await issue({ subject: "CN=i", isCA: true, issuer: good, hash: "SHA-1" }),
    intermediateTooMany: await issue({ subject: "CN=i", isCA: true, issuer: noPath }),
    intermediateClients: await issue({
      subject: "CN=i",
      isCA: true,
      issuer: good,
      usages: ["clientAuth"],
    }),
  };
  for (const [name, issuer] of Object.entries(intermediates)) {
    const leaf = await leafOf(issuer);
    chains[name] = [leaf, issuer];
    chains[`${name}, not sent`] = [leaf];
  }
  const many = Array.from({ length: 120 }, (_, index) => `n${index}`);
  const variants: Readonly<Record<string, Partial<Request>>> = {
    "upper case": { dnsNames: ["NODE-1"] },
    wildcard: { dnsNames: ["*.example.com", "a.*.example.com", "*"] },
    IPv6: { ipAddresses: ["::1", "2001:db8:0:0:1:0:0:1"], dnsNames: [] },
    "many names": { dnsNames: many },
    "no names": { dnsNames: [], ipAddresses: [] },
    "an address as a name": { dnsNames: ["10.0.0.11"], ipAddresses: [] },
    "odd names": { dnsNames: ["node-1.", "under_score"] },
    "SHA-1": { hash: "SHA-1" },
    "RSA-1024": { key: "RSA-1024" },
    "clients alone": { usages: ["clientAuth"] },
    "no usages": { usages: [] },
    expired: past,
    "not yet": future,
  };
  for (const [name, request] of Object.entries(variants)) {
    chains[name] = [await leafOf(good, request)];
  }
  chains["signs itself"] = [await leafOf(undefined)];
  chains["the root itself"] = [good];
  return chains;
}

const hosts = [
  "node-1",
  "NODE-1",
  "node-1.",
  "a.example.com",
  "a.b.example.com",
  "under_score",
  "n5",
  "10.0.0.11",
  "010.0.0.11",
  "::1",
  "[::1]",
  "2001:db8::1:0:0:1",
];

function questionsAbout(chains: Chains, authorities: Record<string, Issued>): Question[] {
  const text = (list: readonly Issued[]) => list.map(({ certPem }) => certPem).join("");
  const all = Object.values(authorities);
  const bundles: Record<string, readonly Issued[]> = {
    nothing: [],
    everything: all,
    backwards: [...all].reverse(),
    leaves: Object.values(chains).flatMap(([leaf]) => leaf ?? []),
    ...Object.fromEntries(Object.entries(authorities).map(([name, one]) => [name, [one]])),
  };
  return Object.entries(chains).flatMap(([name, chain]) =>
    Object.entries(bundles).flatMap(([bundle, roots]) =>
      [...hosts, ""].map(
        (host): Question => ({
          id: `${name}, trusting ${bundle}, dialling ${host || "nothing"}`,
          chain: text(chain),
          roots: text(roots),
          host,
          usage: host === "" ? "clientAuth" : "serverAuth",
        }),
      ),
    ),
  );
}

function ours({ chain, roots, host, usage }: Question): string {
  const isIp = canonicalIp(host.replace(/^\[|\]$/g, "")) !== undefined;
  const verification = verifyChain(
    readPem(chain, { where: "chain" }).certificates,
    readPem(roots, { where: "roots" }).certificates,
    { at, usage, ...(host !== "" && { host: { text: host, isIp, placeholder: false } }) },
  );
  return verification.result === "error" ? verification.message : verification.result;
}

describe("verifyChain", function () {
  this.timeout(300_000);

  it("says what Go says, word for word", function () {
    return compare(this);
  });
});

async function compare(context: Mocha.Context): Promise<void> {
  if (spawnSync("go", ["version"]).status !== 0) {
    assert.ok(!process.env.CI, "Go is missing, and its own verification is what to compare with");
    console.log(
      "      skipped: Go is not installed, and its own verification is what to compare with",
    );
    context.skip();
  }
  const authorities = await makeAuthorities();
  const questions = questionsAbout(await makeChains(authorities), authorities);
  const folder = fileURLToPath(new URL("verify", import.meta.url));
  const go = spawnSync("go", ["run", ...compileFlags, "."], {
    cwd: folder,
    encoding: "utf8",
    input: JSON.stringify({ at, questions }),
    maxBuffer: 1 << 28,
  });
  assert.equal(go.status, 0, go.stderr);
  const answers: string[] = JSON.parse(go.stdout);
  const disagreements = questions.flatMap((question, index) => {
    const verdict = ours(question);
    return verdict === answers[index]
      ? []
      : [`${question.id}\n  Go:   ${answers[index]}\n  ours: ${verdict}`];
  });
  console.log(`      ${questions.length - disagreements.length}/${questions.length} agree with Go`);
  assert.equal(answers.length, questions.length);
  assert.ok(new Set(answers).size > 50, "the questions are too much alike");
  assert.deepEqual(disagreements.slice(0, 10), []);
}
