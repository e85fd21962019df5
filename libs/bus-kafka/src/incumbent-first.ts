import { AssignerProtocol, type PartitionAssigner } from 'kafkajs';

const { MemberAssignment, MemberMetadata } = AssignerProtocol;
const VERSION = 1;
const INCUMBENT = Buffer.from('leads');

/**
 * Gives the one partition to the member that has it already, so that the lead does not move whenever a member comes or
 * goes; without one, to the first by name. `leads` says whether this member is that one.
 */
export const incumbentFirst =
  (topic: string, leads: () => boolean): PartitionAssigner =>
  () => ({
    name: 'signalbox-incumbent-first',
    version: VERSION,
    assign: async ({ members }) => {
      const byName = members.toSorted((one, other) => (one.memberId < other.memberId ? -1 : 1));
      const isIncumbent = ({ memberMetadata }: (typeof members)[number]) =>
        MemberMetadata.decode(memberMetadata)?.userData.equals(INCUMBENT) === true;
      const leader = byName.find(isIncumbent) ?? byName[0];
      return byName.map((member) => ({
        memberId: member.memberId,
        memberAssignment: MemberAssignment.encode({
          version: VERSION,
          assignment: member === leader ? { [topic]: [0] } : {},
          userData: Buffer.alloc(0),
        }),
      }));
    },
    protocol: ({ topics }) => ({
      name: 'signalbox-incumbent-first',
      metadata: MemberMetadata.encode({ version: VERSION, topics, userData: leads() ? INCUMBENT : Buffer.alloc(0) }),
    }),
  });
