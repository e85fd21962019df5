import gossip, { type ClusterInfo } from '@eventstore/db-client/generated/gossip_pb.js';
import features, { type SupportedMethods } from '@eventstore/db-client/generated/serverfeatures_pb.js';

/** A cluster of one node, which is its leader. */
export const clusterOf = (host: string, port: number): ClusterInfo => {
  const endpoint = new gossip.EndPoint().setAddress(host).setPort(port);
  const member = new gossip.MemberInfo()
    .setState(gossip.MemberInfo.VNodeState.LEADER)
    .setIsAlive(true)
    .setHttpEndPoint(endpoint);
  return new gossip.ClusterInfo().setMembersList([member]);
};

/** What this node says it can do. Without `BatchAppend` a client uses `Append`. */
export const supportedMethods = (batchAppend: boolean): SupportedMethods => {
  const methods = ['read', 'append', ...(batchAppend ? ['batchappend'] : [])];
  return new features.SupportedMethods().setEventStoreServerVersion('24.10.0-test-double').setMethodsList(
    methods.map((name) => {
      return new features.SupportedMethod().setServiceName('event_store.client.streams.streams').setMethodName(name);
    }),
  );
};
