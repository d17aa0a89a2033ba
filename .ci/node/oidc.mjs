// An authorization server that demands private_key_jwt and DPoP with a nonce, as
// Okta does of new service apps: oidc-provider. It reads the client's public keys
// from standard input and prints where it listens.
import fs from "node:fs";
import crypto from "node:crypto";
import http from "node:http";
import Provider from "oidc-provider";

const { client, jwks } = JSON.parse(fs.readFileSync(0, "utf8"));
const server = http.createServer();
server.listen(0, "127.0.0.1", () => {
    const url = `http://127.0.0.1:${server.address().port}`;
    const provider = new Provider(url, {
        clients: [{
            client_id: client, grant_types: ["client_credentials"], redirect_uris: [], response_types: [],
            token_endpoint_auth_method: "private_key_jwt", token_endpoint_auth_signing_alg: "ES256", jwks, scope: "read",
            dpop_bound_access_tokens: true,
        }],
        scopes: ["read"],
        features: {
            clientCredentials: { enabled: true },
            devInteractions: { enabled: false },
            dPoP: { enabled: true, nonceSecret: crypto.randomBytes(32), requireNonce: () => true, allowReplay: false },
            introspection: { enabled: false },
        },
    });
    provider.on("grant.error", (ctx, err) => console.error("oidc-provider refused:", err.error_detail ?? err.message));
    server.on("request", provider.callback());
    console.log(JSON.stringify({ url }));
});
