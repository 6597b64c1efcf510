import assert from "node:assert/strict";
import { createHash, createPrivateKey, X509Certificate } from "node:crypto";
import * as path from "node:path";
import { assertShown, take } from "../docs/pages.ts";
import { type Shell, shellOf } from "../docs/shell.ts";
import { type EngineResult, expectSuccess, type Project, repository } from "../support/engine.ts";
import { describeCertificate, verify } from "./openssl.ts";
import {
  certificatesOf,
  defaultConfiguration,
  kubeconfigOf,
  machineFiles,
  ownProject,
} from "./stack.ts";

const pack = path.join(repository, "policies");
const pki = "/etc/kubernetes/pki";
const authorities = ["ca.crt", "etcd/ca.crt", "front-proxy-ca.crt"].map((file) => `${pki}/${file}`);

/** The default stack without the second of its workers, which nothing here would show. */
const fewer = {
  "kubelet-trust:nodePools": [
    { name: "workers", nodes: [{ name: "worker-0", addresses: ["10.240.0.11"] }] },
    {
      name: "burst",
      servingMode: "bootstrap",
      nodes: [{ name: "burst-0", addresses: ["10.240.0.21"] }],
    },
  ],
};

/** Which of three CAs signed the certificate at a path. */
function authorityOf(file: string): string {
  if (/\/etcd\/|apiserver-etcd-client/.test(file)) return `${pki}/etcd/ca.crt`;
  return file.includes("/front-proxy-") ? `${pki}/front-proxy-ca.crt` : `${pki}/ca.crt`;
}

/** The certificates of a bundle, PEM, in order. */
function bundle(pem: string): string[] {
  return pem.match(/-----BEGIN CERTIFICATE-----[^-]*-----END CERTIFICATE-----\n/g) ?? [];
}

describe("a rotation of all CAs of the default stack", function () {
  this.timeout("20m");
  let project: Project;
  /** The CA of each path before anything was rotated. */
  let old: Record<string, string>;
  let next: Record<string, string>;

  const configure = (changes: Record<string, unknown>) =>
    project.configure({
      ...defaultConfiguration(),
      ...fewer,
      ...Object.fromEntries(
        Object.entries(changes).map(([key, value]) => [`kubelet-trust:${key}`, value]),
      ),
    });
  const preview = () => project.preview({ policyPacks: [pack] });

  let shell: Shell;
  const rotation = take("docs/how-to/rotate-ca.md", "Do it");
  const rollout = take("docs/rollout.md", "Rollout: what new files ask of each machine");
  let done = 0;

  /** Takes the phase that the page has next: commands up to the next update. Gives what they print. */
  const nextPhase = async () => {
    const rest = rotation.commands.slice(done);
    const length = rest.findIndex(({ line }) => line.includes("npm start")) + 1;
    assert.ok(length > 0, "the page has no further phase");
    done += length;
    const ran = await shell.runAll({ ...rotation, commands: rest.slice(0, length) });
    return ran.map(({ output }) => output).join("");
  };

  const refused = (result: EngineResult, pattern: RegExp) => {
    assert.notEqual(result.code, 0);
    assert.match(result.stdout + result.stderr, pattern);
    assert.doesNotMatch(result.stdout + result.stderr, /\n\s+at /);
  };

  /** What every machine trusts, and who signed every leaf. */
  const assertFiles = (trusted: readonly Record<string, string>[], by: Record<string, string>) => {
    const machines = machineFiles(project);
    let leaves = 0;
    for (const [machine, files] of Object.entries(machines)) {
      for (const authority of machine === "control-plane-0" ? authorities : [`${pki}/ca.crt`]) {
        assert.deepEqual(
          bundle(files[authority]?.content ?? ""),
          trusted.map((one) => one[authority]),
          `${machine} ${authority}`,
        );
      }
      for (const [file, pem] of Object.entries(certificatesOf(files))) {
        if (authorities.includes(file) || file === `${pki}/issuing-ca.crt`) continue;
        const issuer = authorityOf(file);
        for (const one of [old, next]) {
          const answer = verify(pem, one?.[issuer] ?? "", ["-x509_strict"]).trim();
          assert.equal(answer === "OK", one === by, `${machine} ${file}: ${answer}`);
        }
        if (/^\/etc\/kubernetes\/[^/]+\.conf$/.test(file)) {
          const { ca } = kubeconfigOf(files[file]?.content ?? "");
          assert.ok(ca === files[`${pki}/ca.crt`]?.content, `${machine} ${file}`);
        }
        leaves += 1;
      }
    }
    assert.equal(leaves, 16);
    const { content = "" } = machines["control-plane-0"]?.[`${pki}/issuing-ca.crt`] ?? {};
    assert.equal(content, by[`${pki}/ca.crt`]);
    const key = machines["control-plane-0"]?.[`${pki}/ca.key`]?.content ?? "";
    assert.ok(
      new X509Certificate(content).checkPrivateKey(createPrivateKey(key)),
      "ca.key is the issuer's",
    );
  };

  /** Keys by path, as fingerprints: no key is printed. */
  const keys = () =>
    Object.entries(machineFiles(project)).flatMap(([machine, files]) =>
      Object.entries(files)
        .filter(([file]) => file.endsWith(".key") && !/\/(etcd\/|front-proxy-)?ca\.key$/.test(file))
        .map(([file, { content }]) => {
          const print = createHash("sha256").update(content).digest("hex");
          return `${machine} ${file} ${print}`;
        }),
    );

  before(async () => {
    project = await ownProject(fewer);
    shell = shellOf(project);
    expectSuccess(await project.up());
    const files = machineFiles(project)["control-plane-0"] ?? {};
    old = Object.fromEntries(authorities.map((one) => [one, files[one]?.content ?? ""]));
  });
  after(() => project?.remove());

  it("begins with trustBoth and no other phase", async () => {
    configure({ caRotation: "issueNew" });
    const { resources } = await project.exportState();
    refused(
      await project.up(),
      /caRotation: issueNew cannot follow no rotation: .*\s+Apply trustBoth first/,
    );
    assert.equal((await project.exportState()).resources.length, resources.length);

    configure({});
    const before = keys();
    const shown = await nextPhase();
    assert.match(shown, /\+ 9 to create\n\s+\+-3 to replace\n/);
    const files = machineFiles(project)["control-plane-0"] ?? {};
    next = Object.fromEntries(
      authorities.map((one) => [one, bundle(files[one]?.content ?? "")[1] ?? ""]),
    );
    for (const one of authorities) {
      const { subject, isCa } = describeCertificate(next[one] ?? "");
      assert.deepEqual([subject, isCa], [describeCertificate(old[one] ?? "").subject, true]);
      assert.notEqual(next[one], old[one]);
    }
    assertFiles([old, next], old);
    assert.deepEqual(keys(), before);
  });

  it("goes on to issueNew, with every leaf anew and every key as it was", async () => {
    configure({ caRotation: "retireOld" });
    refused(
      await preview(),
      /caRotation: retireOld cannot follow trustBoth: .*\s+Apply issueNew first/,
    );
    const before = keys();
    const [copy, , tell] = rollout.commands;
    await shell.runAll({ ...rollout, commands: copy ? [copy] : [] });
    configure({ caRotation: "trustBoth" });
    const shown = await nextPhase();
    assert.match(shown, /Resources:\n\s+\+-19 to replace\n/);
    const [told] = await shell.runAll({ ...rollout, commands: tell ? [tell] : [] });
    for (const text of rollout.shown) assertShown(text, told?.output ?? "");
    assertFiles([next, old], next);
    assert.deepEqual(keys(), before);
  });

  it("retires the old CA, and has a way back", async () => {
    configure({ caRotation: "retireOld", caRotationBehind: { "worker-0": "none" } });
    refused(await preview(), /x509: certificate signed by unknown authority/);
    configure({ caRotation: "issueNew" });
    await nextPhase();
    assertFiles([next], next);
    configure({ caRotation: "issueNew" });
    expectSuccess(await project.up());
    assertFiles([next, old], next);
    configure({ caRotation: "retireOld" });
    expectSuccess(await project.up());
  });

  it("ends without a change on any machine", async () => {
    const before = machineFiles(project);
    const shown = await nextPhase();
    // Three CAs, their keys and their components.
    assert.match(shown, /Resources:\n\s+- 9 to delete\n/);
    assert.ok(JSON.stringify(machineFiles(project)) === JSON.stringify(before));
    assert.deepEqual((await project.outputs()).caStanding, {
      generation: 2,
      origins: { "2": "made" },
    });
    assert.equal(done, rotation.commands.length);
    configure({ caGeneration: 1 });
    refused(await project.preview(), /caGeneration: 1 is behind/);
  });
});
