import { refuseUnsafeUrl } from './safe-url.js';

export interface ServiceRequestOptions {
  /** `PLUGIN_AUTH_ADDRESS`. */
  readonly address: string;
  /** What our own services show the Access Manager. */
  readonly serviceKey: string;
  /** Default 2 s. */
  readonly timeoutMs?: number;
}

/**
 * Asks an Access Manager in another process in the name of this installation; answers its JSON. Redirects are not followed.
 * @throws Error when it cannot be had; the message is for the operator
 */
export function createServiceRequest(options: ServiceRequestOptions): (path: string) => Promise<unknown> {
  const { address, serviceKey, timeoutMs = 2_000 } = options;
  refuseUnsafeUrl(address);
  const base = address.replace(/\/+$/, '');
  return async (path) => {
    const response = await fetch(base + path, {
      headers: { accept: 'application/json', 'x-api-key': serviceKey },
      redirect: 'error',
      signal: AbortSignal.timeout(timeoutMs),
    });
    if (response.status === 401)
      throw new Error(
        'the Access Manager does not know our service key: both processes need the same COFFERDAM_ENCRYPTION_KEY, or the same ACCESS_SERVICE_KEY',
      );
    if (!response.ok) throw new Error(`${path.replace(/\?.*/, '')} of the Access Manager answered ${response.status}`);
    return response.json();
  };
}
