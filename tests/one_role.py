"""Four nodes with one role each, as four kinds of process used to do the work of one installation."""
from lab import until

ROLES = {"front": "api=2", "leader": "fan-out", "sender": "push-sender", "writer": "result-writer"}


def one_role_nodes(lab, stores, more=None, **limits):
    """Not started yet, by their names; `more` are names and roles of further ones."""
    section, made = lab.cluster(), {}
    for name, roles in {**ROLES, **(more or {})}.items():
        sections = {**stores.sections(), "node": {"name": name, "roles": roles}, "cluster": section(name),
                    "limits": limits}
        if roles == "push-sender":
            del sections["mysql"]
        made[name] = lab.node(name, sections)
    return made


def links(node):
    """To whom a node says that it is connected, by the names."""
    return sorted({line["node"].split("/")[0] for line in node.events("cluster.connected")})


def connected(nodes):
    """Every pair says so once, on both sides."""
    return all(len(node.events("cluster.connected")) >= len(nodes) - 1 for node in nodes)


def start_together(nodes):
    """Starts all, and waits until they are ready and every pair is connected."""
    for node in nodes:
        node.start(wait=False)
    for node in nodes:
        node.wait_ready()
    until("every pair of nodes to be connected", lambda: connected(nodes))
