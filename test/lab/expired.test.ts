import assert from "node:assert/strict";
import { stringify } from "yaml";
import { expiredTokens, refuseExpired } from "../../lab/kubernetes/expired.ts";
import type { Machine, Manifest, RenderedStack } from "../../lab/kubernetes/rendered.ts";
import { issue } from "../../lab/x509/issue.ts";

const now = new Date("2027-03-02T12:00:00Z");

/** A kubeconfig whose client certificate ends some hours from now. */
async function kubeconfig(hours: number): Promise<Buffer> {
  const notAfter = new Date(now.getTime() + hours * 3_600_000);
  const { certPem } = await issue({ subject: "CN=x", notBefore: new Date(0), notAfter });
  const data = Buffer.from(certPem).toString("base64");
  return Buffer.from(
    stringify({
      clusters: [{ name: "c", cluster: { server: "https://10.0.0.1:6443" } }],
      contexts: [{ name: "c", context: { cluster: "c", user: "u" } }],
      "current-context": "c",
      users: [{ name: "u", user: { "client-certificate-data": data } }],
    }),
  );
}

async function stack(hours: Readonly<Record<string, number>>, manifests: Manifest[] = []) {
  const files = await Promise.all(
    Object.entries(hours).map(async ([name, left]) => ({
      path: `/etc/kubernetes/${name}.conf`,
      mode: 0o600,
      owner: "root:root",
      content: await kubeconfig(left),
    })),
  );
  const machine: Machine = {
    name: "cp-0",
    role: "control-plane",
    addresses: [],
    servingMode: "provisioned",
    kubernetesVersion: "1.37.2",
    files: [
      ...files,
      {
        path: "/etc/kubernetes/broken.conf",
        mode: 0o600,
        owner: "root:root",
        content: Buffer.from("{"),
      },
    ],
  };
  const rendered: RenderedStack = {
    folder: "/r",
    machines: [machine],
    manifests,
    manifestFolders: [],
  };
  return rendered;
}

const token = (expiration: string, field: "data" | "stringData"): Manifest => ({
  type: "bootstrap.kubernetes.io/token",
  [field]: {
    expiration: field === "data" ? Buffer.from(expiration).toString("base64") : expiration,
  },
});

describe("a stack that is booted long after it was rendered", () => {
  it("is refused in one line that names the first certificate to have ended, and the remedy", async () => {
    const rendered = await stack({ "super-admin": -2, admin: 8000, scheduler: -1 });
    assert.throws(() => refuseExpired(rendered, now), {
      message:
        "/r: the client certificate of /etc/kubernetes/super-admin.conf for cp-0 (and 1 more) ended on " +
        "Tue, 02 Mar 2027 10:00:00 GMT, before this boot: run `npm start`, which makes what has ended anew, and boot again.",
    });
  });

  it("boots within its day, and without the file", async () => {
    refuseExpired(await stack({ "super-admin": 1, admin: 8000 }), now);
    refuseExpired(await stack({ admin: 8000 }), now);
  });

  it("is told of a bootstrap token that has ended, which keeps nothing from coming up", async () => {
    for (const field of ["data", "stringData"] as const) {
      const ended = await stack({}, [token("2027-03-02T11:00:00Z", field)]);
      assert.match(
        expiredTokens(ended, now) ?? "",
        /^The bootstrap token ended on Tue, 02 Mar 2027/,
      );
      const valid = await stack({}, [token("2027-03-02T13:00:00Z", field)]);
      assert.equal(expiredTokens(valid, now), undefined);
    }
    assert.equal(expiredTokens(await stack({}), now), undefined);
  });
});
