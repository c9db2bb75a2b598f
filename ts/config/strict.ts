/** `redact: 'strict'`: common names of credentials and of payment data, added to the names that are given. */

import type { RedactPreset } from '../types';

export const REDACT_PRESETS: readonly RedactPreset[] = ['default', 'strict'];

/** The options that the preset adds to, and what it adds. `-` and `_` between words make no difference. */
export const STRICT_NAMES = Object.freeze({
  redactHeaders: words(
    'authorization cookie proxy-authorization set-cookie',
    'api-key x-api-key x-api-token x-rapidapi-key x-functions-key ocp-apim-subscription-key',
    'auth-token x-auth-token x-auth-key access-token x-access-token x-id-token x-refresh-token x-jwt-assertion dpop',
    'x-session-id x-session-token x-csrf-token x-xsrf-token x-client-secret',
    'x-amz-security-token x-amzn-oidc-accesstoken x-amzn-oidc-data x-goog-api-key x-goog-iap-jwt-assertion',
    'x-ms-token-aad-access-token x-ms-token-aad-id-token x-ms-token-aad-refresh-token cf-access-jwt-assertion',
    'x-vault-token private-token job-token deploy-token x-shopify-access-token',
  ),
  redactQuery: words(
    'access_token refresh_token id_token id_token_hint token auth_token session_token csrf_token jwt',
    'api_key key secret client_secret client_assertion assertion code code_verifier ticket samlrequest samlresponse',
    'password passwd pwd passphrase pin otp auth authorization session session_id sid jsessionid phpsessid',
    'signature sig hmac x-amz-signature x-amz-credential x-amz-security-token x-goog-signature x-goog-credential',
  ),
  redactBody: words(
    'password passwd pwd passphrase passcode newPassword oldPassword currentPassword confirmPassword passwordConfirmation',
    'token accessToken refreshToken idToken authToken bearerToken sessionToken csrfToken deviceToken resetToken jwt',
    'apiKey apiSecret apiToken accessKey accessKeyId secretAccessKey secretKey privateKey encryptionKey signingKey',
    'secret clientSecret clientAssertion assertion sharedSecret webhookSecret credential credentials',
    'authorization cookie setCookie sessionId codeVerifier pin otp totp mfaCode verificationCode recoveryCode',
    'cardNumber creditCard creditCardNumber pan cvv cvv2 cvc cvc2 csc securityCode cardCode iban bankAccount',
    'accountNumber routingNumber ssn socialSecurityNumber',
  ),
});

type Names = { redactHeaders: string[]; redactQuery: string[]; redactBody: string[] };

/**
 * The names with those of the preset before them, each once. All that are given count as added, those of `redactHeaders` without
 * `+` too: nothing but the preset itself takes its names away.
 */
export function withStrictNames(given: Names): Names {
  const [redactHeaders, redactQuery, redactBody] = (['redactHeaders', 'redactQuery', 'redactBody'] as const).map(
    (field) => [...new Set([...STRICT_NAMES[field], ...given[field]])],
  ) as [string[], string[], string[]];
  return { redactHeaders, redactQuery, redactBody };
}

function words(...lines: string[]): readonly string[] {
  return Object.freeze(lines.flatMap((line) => line.split(' ')));
}
