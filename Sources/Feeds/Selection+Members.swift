package import EndpointModel
package import EndpointState

extension Selection {
    /// The endpoints of the state that are selected, with their digest: what a feed begins with.
    package func members(of state: EndpointSet) -> EndpointSet {
        var members = EndpointSet()
        for item in state.items where matches(item) {
            precondition(members.append(item) != nil, "a state is in the order of keys")
        }
        members.advance(to: state.seq)
        return members
    }
}
