import assert from "node:assert/strict";
import type { Issued } from "../../../lab/x509/issue.ts";
import { judge } from "../../../trust/judge/judge.ts";
import { known, unknown } from "../../../trust/words/fact.ts";
import type { NodeAddress, NodeFacts } from "../../../trust/words/facts.ts";
import type { Outcome } from "../../../trust/words/verdict.ts";
import { clusterAuthority, servingCertificate } from "../../support/certificates.ts";
import { apiServer, at, type KubeletOptions, kubelet } from "../world.ts";

function machine(hostName: string, ...ips: string[]): NodeFacts {
  const addresses = ips.map((address): NodeAddress => ({ type: "InternalIP", address }));
  return { hostName: known(hostName), name: known(hostName), addresses: known(addresses) };
}

function shown(outcome: Outcome): string {
  return outcome.verdict === "fails" ? outcome.symptom : outcome.verdict;
}

describe("the address that is dialled", () => {
  let ca: Issued;
  let leaf: Issued;
  before(async () => {
    ca = await clusterAuthority();
    leaf = await servingCertificate(ca, "cp-7.mesh", "10.0.0.7");
  });

  const serving = (flags: string, types: string, options: KubeletOptions) =>
    shown(
      judge(
        kubelet(flags, { configuration: "", ...options }),
        apiServer(
          `--kubelet-certificate-authority=/ca.crt${types && ` --kubelet-preferred-address-types=${types}`}`,
          { texts: { "/ca.crt": ca.certPem } },
        ),
        { at },
      ).serving,
    );

  it("is the host name where that comes first, also of a node whose IP alone is stated", () => {
    const options = (): KubeletOptions => ({
      configuration: "tlsCertFile: /tls.crt\ntlsPrivateKeyFile: /tls.key\n",
      texts: { "/tls.crt": leaf.certPem, "/tls.key": leaf.keyPem },
      node: machine("cp-7.lan", "10.0.0.7"),
    });
    const wrong = /valid for cp-7\.mesh, not cp-7\.lan/;
    for (const types of ["", "Hostname,InternalIP"]) {
      assert.match(serving("", types, options()), wrong);
      assert.match(serving("--cloud-provider=external", types, options()), wrong);
      assert.equal(serving("--hostname-override=CP-7.mesh", types, options()), "verified");
    }
    assert.equal(serving("", "InternalIP,Hostname", options()), "verified");
  });

  it("is among the IP SANs of a kubelet that signs for itself under an IP as its host name", () => {
    const unknownAuthority =
      "tls: failed to verify certificate: x509: certificate signed by unknown authority";
    const names = {
      "10.0.0.7": "10.0.0.7",
      "::ffff:10.0.0.7": "10.0.0.7",
      "010.0.0.07": "10.0.0.7",
      "FD00:0::7": "fd00::7",
    };
    for (const [name, address] of Object.entries(names)) {
      const node = machine("cp-7", address);
      assert.equal(
        serving(`--hostname-override=${name}`, "InternalIP", { node }),
        unknownAuthority,
        name,
      );
    }
    const own = machine("10.0.0.7", "10.0.0.7");
    assert.equal(serving("", "InternalIP", { node: own }), unknownAuthority);
  });

  it("is not in the certificate where the IP is another one, or the name is none", () => {
    const node = machine("cp-7", "10.0.0.8");
    assert.match(
      serving("--hostname-override=10.0.0.7", "InternalIP", { node }),
      /certificate is valid for 10\.0\.0\.7, not 10\.0\.0\.8/,
    );
    for (const name of ["ip-10-0-0-8", "10.0.0.8.nip.example", "10.0.0.999"]) {
      assert.match(
        serving(`--hostname-override=${name}`, "InternalIP", { node }),
        /cannot validate certificate for 10\.0\.0\.8 because it doesn't contain any IP SANs/,
      );
    }
  });
});

describe("the address that a kubelet listens at", () => {
  const node = machine("cp-7", "10.0.0.7", "fd00::7");
  const serving = (address: string, types = "InternalIP", where: NodeFacts = node) =>
    judge(
      kubelet("", { configuration: `address: "${address}"\n`, node: where }),
      apiServer(`--kubelet-preferred-address-types=${types}`),
      { at },
    );

  it("is every address, however that is written", () => {
    for (const address of ["0.0.0.0", "::", "0:0::0", "::ffff:0.0.0.0", ""]) {
      assert.equal(shown(serving(address).serving), "silentlySkipped", address);
    }
  });

  it("is the one that is dialled, however it is written", () => {
    for (const address of ["10.0.0.7", "::ffff:10.0.0.7", "010.0.0.7"]) {
      assert.equal(shown(serving(address).serving), "silentlySkipped", address);
    }
    const six = machine("cp-7", "fd00::7");
    assert.equal(shown(serving("FD00:0::7", "InternalIP", six).serving), "silentlySkipped");
  });

  it("is refused from elsewhere, at another address of the machine and at its loopback", () => {
    for (const address of ["127.0.0.1", "127.0.0.2", "::1", "::ffff:127.0.0.1", "fd00::7"]) {
      const { serving: outcome, requests } = serving(address);
      assert.equal(shown(outcome), "dial tcp 10.0.0.7:10250: connect: connection refused");
      assert.equal(outcome.cause, "listens-elsewhere");
      assert.match(shown(requests.exec), /connection refused/);
      assert.match(outcome.remedies[0]?.text ?? "", /^Remove address/);
    }
    const six = machine("cp-7", "fd00::7");
    assert.equal(
      shown(serving("::1", "InternalIP", six).serving),
      "dial tcp [fd00::7]:10250: connect: connection refused",
    );
  });

  it("is refused at the loopback of a node of which the addresses are unknown", () => {
    const anywhere = { ...node, addresses: unknown("the addresses") };
    assert.match(shown(serving("127.0.0.1", "InternalIP", anywhere).serving), /refused$/);
    assert.equal(shown(serving("10.0.0.9", "InternalIP", anywhere).serving), "undecidable");
    assert.equal(shown(serving("0.0.0.0", "InternalIP", anywhere).serving), "silentlySkipped");
  });
});
