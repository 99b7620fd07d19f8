namespace DlmUpdater.EndToEnd.Harness;

/// <summary>A host with an upgrade: a sandbox, scripts in default/ and upgrade/, and services that are scripts with a file each: there while they run.</summary>
internal sealed class UpgradeHost : IDisposable
{
    internal UpgradeHost(string holder = "host-1", Sandbox? fleet = null)
    {
        Box = new Sandbox(holder, fleet);
        Box.Set("upgrade", "directory", Directory_);
        foreach (string directory in (string[])["", "/default", "/upgrade"]) Sandbox.MakeDirectory(Directory_ + directory);
    }

    internal Sandbox Box { get; }

    internal string Directory_ => Box.Root + "/up";

    internal string History => Box.StateDirectory + "/upgrade-history";

    /// <summary>What scripts and services did, in order.</summary>
    internal string[] Did => [.. Box.Log.Lines.Where(l => l.What == "note").Select(l => l.Extra)];

    /// <summary>Those of it that are scripts.</summary>
    internal string[] Ran => [.. Did.Where(d => d.StartsWith("run ", StringComparison.Ordinal)).Select(d => d[4..])];

    /// <summary>A script that runs once.</summary>
    internal UpgradeHost Once(string name, string body = ":") => Script("upgrade", name, "# dlm: run=once description=does " + name, body);

    /// <summary>A script that runs every time.</summary>
    internal UpgradeHost Always(string name, string body = ":") => Script("default", name, "# dlm: run=always description=does " + name, body);

    /// <summary>Any script.</summary>
    internal UpgradeHost Script(string directory, string name, string header, string body = ":")
    {
        Sandbox.MakeDirectory($"{Directory_}/{directory}");
        Write($"{Directory_}/{directory}/{name}", $"#!/bin/sh\n{header}\n. {Box.Root}/lib.sh\nnote 'run {name}'\n{body}\n");
        return this;
    }

    /// <summary>Three services, and bands for them as katello had: all down, back ends up, everything up.</summary>
    internal UpgradeHost Services()
    {
        foreach (string name in (string[])["web", "queue", "db"]) Service(name);
        Box.Set("band down", "services", $"{Path("web")} {Path("queue")} {Path("db")}");
        Box.Set("band backends", "services", $"{Path("db")} {Path("queue")}");
        Box.Set("band all", "services", Path("web"));
        return this;
    }

    /// <summary>One service, which runs.</summary>
    internal void Service(string name, string more = "")
    {
        Write(Path(name), $"#!/bin/sh\n. {Box.Root}/lib.sh\nF=$ROOT/marks/up-{name}\ncase $1 in\nstart) : > $F; note 'start {name}';;\nstop) rm -f $F; note 'stop {name}';;\nstatus) [ -e $F ]{more};;\nesac\n");
        File.WriteAllText($"{Box.Root}/marks/up-{name}", "");
    }

    internal string Path(string service) => $"{Box.Root}/service-{service}";

    internal bool IsUp(string service) => File.Exists($"{Box.Root}/marks/up-{service}");

    /// <summary><c>dlm-updater upgrade</c> with <c>--assumeyes</c>.</summary>
    internal Ended Upgrade(params string[] more) => Call(["-y", .. more]);

    /// <summary><c>dlm-updater upgrade</c> as it is.</summary>
    internal Ended Call(params string[] more) => Agent.Call(new StartAs(), Words(more));

    /// <summary>The words of a call.</summary>
    internal string[] Words(params string[] more) => ["upgrade", "--config", Box.Config, .. more];

    public void Dispose() => Box.Dispose();

    private static void Write(string path, string text)
    {
        File.WriteAllText(path, text);
        File.SetUnixFileMode(path, Sandbox.Executable);
    }
}
