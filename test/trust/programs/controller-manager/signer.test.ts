import assert from "node:assert/strict";
import { type Issued, issue } from "../../../../lab/x509/issue.ts";
import { controllerManagerRefusals } from "../../../../trust/programs/controller-manager/signer.ts";
import { readShell } from "../../../../trust/readers/command-line.ts";
import { known } from "../../../../trust/words/fact.ts";
import { files, type Texts } from "../../world.ts";

function manager(flags: string, texts: Texts = {}, version = "1.37.2") {
  const source = { where: "kube-controller-manager" };
  const [commandLine] = readShell(`kube-controller-manager ${flags}`, source).commandLines;
  assert.ok(commandLine);
  return controllerManagerRefusals({
    label: "kube-controller-manager",
    version: known(version),
    commandLine,
    files: files(texts),
  }).asGiven;
}

/** What it exits with; empty when it starts. */
function message(flags: string, texts: Texts = {}): string {
  const { start } = manager(flags, texts);
  return start.known && !start.value.starts ? start.value.message : "";
}

const failed = (error: string) => `run.go:72] "command failed" err="${error}"`;
const serving =
  "--cluster-signing-kubelet-serving-cert-file=/s.crt --cluster-signing-kubelet-serving-key-file=/s.key";
const shared = "--cluster-signing-cert-file=/ca.crt --cluster-signing-key-file=/ca.key";

describe("the signers of a kube-controller-manager", () => {
  let ca: Issued;
  let other: Issued;
  let whole: Texts;
  before(async () => {
    ca = await issue({ subject: "CN=kubernetes", isCA: true });
    other = await issue({ subject: "CN=other", isCA: true });
    whole = { "/s.crt": ca.certPem, "/s.key": ca.keyPem };
  });

  const wrong = (signer: string, error: string) =>
    failed(`failed to init kubernetes.io/${signer} certificate controller: ${error}`);

  it("read a certificate and its key, or it does not start", () => {
    assert.equal(message(serving, whole), "");
    const reading = 'error reading CA cert file \\"/s.crt\\": ';
    const said = (texts: Texts) => message(serving, { ...whole, ...texts });
    const cases: [Texts, string][] = [
      [{ "/s.crt": { kind: "missing" } }, "open /s.crt: no such file or directory"],
      [{ "/s.key": { kind: "missing" } }, "open /s.key: no such file or directory"],
      [{ "/s.key": { kind: "unreadable" } }, "open /s.key: permission denied"],
      [{ "/s.crt": { kind: "directory" } }, "read /s.crt: is a directory"],
      [{ "/s.key": "" }, 'missing content for serving cert \\"csr-controller::/s.crt::/s.key\\"'],
      [{ "/s.crt": "garbage" }, "tls: failed to find any PEM data in certificate input"],
      [{ "/s.key": other.keyPem }, "tls: private key does not match public key"],
    ];
    for (const [texts, error] of cases) {
      assert.equal(said(texts), wrong("kubelet-serving", reading + error));
    }
    assert.equal(message(serving, {}), "");
  });

  it("take one certificate, no chain, though it be the same one twice", () => {
    for (const second of [other.certPem, ca.certPem]) {
      assert.equal(
        message(serving, { ...whole, "/s.crt": `${ca.certPem}${second}` }),
        wrong(
          "kubelet-serving",
          'error reading CA cert file \\"csr-controller::/s.crt::/s.key\\": expected 1 certificate, found 2',
        ),
      );
    }
  });

  it("are made one after the other, from the shared pair or from their own", () => {
    const missing = { "/ca.crt": { kind: "missing" } } as const;
    assert.match(message(shared, missing), /failed to init kubernetes\.io\/kubelet-serving /);
    const legacy = serving.replaceAll("kubelet-serving", "legacy-unknown");
    assert.match(
      message(legacy, { "/s.crt": { kind: "missing" } }),
      /failed to init kubernetes\.io\/legacy-unknown certificate controller: /,
    );
  });

  it("are not made where the controller is off, whose files do not matter then", () => {
    const missing = { "/s.crt": { kind: "missing" } } as const;
    for (const controllers of [
      "*,-csrsigning",
      "*,-certificatesigningrequest-signing-controller",
      "csrapproving",
      "-csrsigning,csrsigning",
    ]) {
      const flags = `${serving} '--controllers=${controllers}'`;
      assert.equal(message(flags, missing), "", controllers);
      const { kubeletServingSigner: signer } = manager(flags, whole);
      assert.equal(signer.known && signer.value, undefined, controllers);
    }
    for (const controllers of ["*", "*,tokencleaner", "csrsigning", "csrsigning,-csrsigning"]) {
      const flags = `${serving} '--controllers=${controllers}'`;
      assert.match(message(flags, missing), /no such file or directory/, controllers);
      const { kubeletServingSigner: signer } = manager(flags, whole);
      assert.equal(signer.known && signer.value, "/s.crt", controllers);
    }
    assert.equal(manager(`${serving} --controllers=$C`).kubeletServingSigner.known, false);
  });

  it("have both halves of a pair, and the shared pair or pairs of their own", () => {
    const [cert = "", key = ""] = serving.split(" ");
    const half = (which: string) => failed(`\\"cluster-signing-kubelet-serving\\": ${which}`);
    assert.equal(message(cert), half("cannot specify cert without key"));
    assert.equal(message(key), half("cannot specify key without cert"));
    assert.match(message(`${serving} ${shared}`), /cannot specify --cluster-signing-\{cert,key\}/);
  });

  it("are told together with a built-in cloud provider", () => {
    const [cert = ""] = serving.split(" ");
    assert.equal(
      message(`${cert} --cloud-provider=aws`),
      failed(
        '[\\"cluster-signing-kubelet-serving\\": cannot specify cert without key, cloud provider \\"aws\\" was specified, but built-in cloud providers are disabled. Please set --cloud-provider=external and migrate to an external cloud provider]',
      ),
    );
  });
});
