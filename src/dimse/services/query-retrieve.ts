/** Query/Retrieve SCP: which SOP classes there are and who performs them (PS3.4 C.6.1, C.6.2). */
import { COMMAND } from '../command.js';
import { SERVICE_CLASS } from '../uids.js';
import { findHandler, type QueryPort } from './find.js';
import { moveHandler, type RetrievePort } from './move.js';
import type { OfferedServices, ServiceHandler } from './service.js';

/** C-FIND and C-MOVE in the Patient Root and Study Root models. */
export function queryRetrieveServices(port: QueryPort & RetrievePort): OfferedServices {
  return new Map<string, ReadonlyMap<number, ServiceHandler>>([
    [SERVICE_CLASS.patientRootFind, new Map<number, ServiceHandler>([[COMMAND.findRq, findHandler(port, 'patient-root')]])],
    [SERVICE_CLASS.studyRootFind, new Map<number, ServiceHandler>([[COMMAND.findRq, findHandler(port, 'study-root')]])],
    [SERVICE_CLASS.patientRootMove, new Map<number, ServiceHandler>([[COMMAND.moveRq, moveHandler(port, 'patient-root')]])],
    [SERVICE_CLASS.studyRootMove, new Map<number, ServiceHandler>([[COMMAND.moveRq, moveHandler(port, 'study-root')]])],
  ]);
}
