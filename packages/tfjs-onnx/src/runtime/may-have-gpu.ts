import { existsSync } from 'node:fs';

/**
 * Whether trying WebGPU makes sense: on Linux, only if the kernel exposes a GPU or the user names a Vulkan
 * driver, as a failed attempt prints warnings that cannot be turned off.
 */
export function mayHaveGpu(): boolean {
  const named = ['VK_DRIVER_FILES', 'VK_ICD_FILENAMES', 'VK_ADD_DRIVER_FILES'].some(
    (name) => process.env[name],
  );
  const devices = ['/dev/dri', '/dev/nvidiactl', '/dev/dxg'];
  return process.platform !== 'linux' || named || devices.some((device) => existsSync(device));
}
