// An OAuth 2.0 authorization server: oauth2-mock-server. It prints where it
// listens; a line "revoke" on standard input revokes all refresh tokens, and
// each is answered by a line.
import readline from "node:readline";
import { OAuth2Server } from "oauth2-mock-server";

const server = new OAuth2Server();
await server.issuer.keys.generate("RS256");
let revoked = false;
let issued = 0;
server.service.on("beforeTokenSigning", (token) => {
    token.payload.jti = String(++issued); // two of one second differ
});
server.service.on("beforeResponse", (response, request) => {
    const form = request.body;
    if (revoked && form.grant_type === "refresh_token") {
        response.statusCode = 400;
        response.body = { error: "invalid_grant", error_description: "The refresh token was revoked." };
        return;
    }
    // As many providers do, it hands out tokens that end soon, and the scope asked for.
    response.body.expires_in = 31;
    response.body.echo = form.grant_type;
});
await server.start(0, "127.0.0.1");
console.log(JSON.stringify({ url: `http://127.0.0.1:${server.address().port}` }));
readline.createInterface({ input: process.stdin }).on("line", (line) => {
    if (line === "revoke") revoked = true;
    console.log(JSON.stringify({ done: line }));
});
