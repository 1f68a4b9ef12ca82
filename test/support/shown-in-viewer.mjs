/**
 * Runs inside OHIF's page: what the viewer holds for the screen, label maps and pixels as SHA-256 of their bytes in row order. Undefined
 * until the segmentation is there.
 */
export async function shownInViewer(pixelUids) {
  const { services, cornerstone } = globalThis;
  const [segmentation] = services?.segmentationService?.getSegmentations() ?? [];
  const imageIds = segmentation?.representationData?.Labelmap?.imageIds ?? [];
  if (imageIds.length === 0) return undefined;
  const sha256 = async (values) => {
    const bytes = new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
    const hash = await globalThis.crypto.subtle.digest('SHA-256', bytes.slice());
    return [...new Uint8Array(hash)].map((byte) => byte.toString(16).padStart(2, '0')).join('');
  };
  const shown = { labels: {}, hounsfield: {}, segments: [] };
  const segments = Object.values(segmentation.segments);
  for (const imageId of imageIds) {
    const labelMap = cornerstone.cache.getImage(imageId);
    if (labelMap === undefined) return undefined;
    const labels = Uint8Array.from(labelMap.voxelManager.getScalarData());
    const { sopInstanceUID } = cornerstone.metaData.get('generalImageModule', labelMap.referencedImageId);
    const counts = segments.map(() => 0);
    for (const label of labels) if (label !== 0) counts[label - 1] += 1;
    if (counts.some((count) => count > 0)) shown.labels[sopInstanceUID] = { counts, sha256: await sha256(labels) };
    if (pixelUids.includes(sopInstanceUID)) {
      const image = await cornerstone.imageLoader.loadAndCacheImage(labelMap.referencedImageId);
      shown.hounsfield[sopInstanceUID] = await sha256(Int16Array.from(image.voxelManager.getScalarData()));
    }
  }
  const viewportId = services.viewportGridService.getActiveViewportId();
  for (const { segmentIndex, label } of segments) {
    const color = services.segmentationService.getSegmentColor(viewportId, segmentation.segmentationId, segmentIndex);
    if (color === undefined) return undefined;
    shown.segments.push({ label, color: [...color].slice(0, 3) });
  }
  return shown;
}

/** Runs inside OHIF's page: turns to the middle of the stack. */
export function turnToMiddle() {
  const { viewportGridService, cornerstoneViewportService } = globalThis.services;
  const viewport = cornerstoneViewportService.getCornerstoneViewport(viewportGridService.getActiveViewportId());
  return viewport.setImageIdIndex(viewport.getImageIds().length >> 1);
}
