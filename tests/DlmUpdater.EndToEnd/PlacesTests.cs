using DlmUpdater.EndToEnd.Harness;

namespace DlmUpdater.EndToEnd;

/// <summary>Where a run reads its configuration, and where it writes: what other users may own and write to there.</summary>
public sealed class PlacesTests : IDisposable
{
    private const string User = "65534";
    private readonly Sandbox host = new Sandbox().Cycle(reboot: false);

    public void Dispose() => host.Dispose();

    [Theory]
    [InlineData("chown 65534", "is owned by uid 65534, not by root")]
    [InlineData("chmod 0777", "is writable by others (mode 0777)")]
    [InlineData("chmod 1777", "is writable by others (mode 01777)")]
    [InlineData("chmod 0775", "is writable by its group (mode 0775)")]
    public void A_configuration_of_root_in_a_directory_that_others_can_change_starts_no_run(string how, string why)
    {
        string place = Moved();
        Shell($"{how} {place}");

        Assert.Contains($"{place} {why}", With(place, "run").Expect(78).Error, StringComparison.Ordinal);
        Assert.Contains(why, With(place, "check").Expect(78).Output, StringComparison.Ordinal);
        Assert.Empty(host.Log.Started);
    }

    [Theory]
    [InlineData("ln -s {0}/users {1}/config.ini && mkdir {0}/users.d && mv {0}/config.ini {0}/users.d/ && ln -s {0}/users.d/config.ini {0}/users && chown -h 65534 {0}/users")]
    [InlineData("mkdir {0}/open && chmod 0777 {0}/open && mv {0}/config.ini {0}/open/ && ln -s {0}/open/config.ini {1}/config.ini")]
    public void A_link_to_a_configuration_that_others_can_change_starts_no_run(string make)
    {
        string place = host.Root + "/etc";
        Sandbox.MakeDirectory(place);
        Shell(string.Format(System.Globalization.CultureInfo.InvariantCulture, make, host.Root, place));

        Assert.Contains("can be replaced by others", With(place, "run").Expect(78).Error, StringComparison.Ordinal);
    }

    [Fact]
    public void A_directory_of_drop_ins_that_others_can_write_to_starts_no_run_even_if_it_is_empty()
    {
        string place = Moved();
        Shell($"mkdir {place}/config.d && chmod 0777 {place}/config.d");
        Assert.Contains($"{place}/config.d is writable by others", With(place, "run").Expect(78).Error, StringComparison.Ordinal);
    }

    /// <summary>Kubernetes mounts a ConfigMap with mode 0777, read-only, with links of root's.</summary>
    [Fact]
    public void A_configuration_on_a_read_only_mount_is_fine_whatever_its_modes_say()
    {
        string place = host.Root + "/configmap";
        host.Mount(place, "-t", "tmpfs", "none");
        Shell($"chmod 0777 {place} && mkdir {place}/..1 && mv {host.Config} {place}/..1/ && ln -s ..1 {place}/..data && ln -s ..data/config.ini {place}/config.ini && mount -o remount,ro {place}");

        With(place, "run").Expect(0);
    }

    [Fact]
    public void An_open_run_is_brought_to_its_end_by_a_configuration_that_the_older_version_accepted()
    {
        host.Script("post_update", "20-health", "[ -e $ROOT/marks/healthy ] || finish 1");
        Agent.Run(host, "run").Expect(1);
        string place = Moved();
        Shell($"chmod 0777 {place}");
        File.WriteAllText(host.Root + "/marks/healthy", "");

        Ended ended = With(place, "run").Expect(0);

        Assert.Contains("can be replaced by others", ended.Error, StringComparison.Ordinal);
        Assert.Empty(host.Holders);
        With(place, "run").Expect(78);
    }

    [Fact]
    public void A_secret_in_a_directory_of_a_user_is_refused()
    {
        Shell($"mkdir {host.Root}/users && echo hunter2 > {host.Root}/users/secret && chmod 0600 {host.Root}/users/secret && chown {User} {host.Root}/users");
        host.Set("lock", "service", "dlmengine").Set("dlmengine", "url", "https://127.0.0.1:1").Set("dlmengine", "secret_id", "x").Set("dlmengine", "secret_file", host.Root + "/users/secret");
        Ended ended = Agent.Run(host, "run").Expect(78);
        Assert.Contains("users is owned by uid 65534", ended.Error, StringComparison.Ordinal);
        Assert.DoesNotContain("hunter2", ended.Error, StringComparison.Ordinal);
    }

    private static string[] Written { get; } = ["state", "run", "locks", "lock", "log"];

    [Theory]
    [InlineData("state")]
    [InlineData("run")]
    [InlineData("locks")]
    [InlineData("lock")]
    [InlineData("log")]
    public void A_directory_of_another_user_is_not_written_to(string what)
    {
        string place = Place(what);
        Shell($"chown {User} {place}");

        Ended ended = Agent.Run(host, "run").Expect(78);

        Assert.Contains($"{place} is owned by uid 65534", ended.Error, StringComparison.Ordinal);
        Assert.Contains($"{place} is owned by uid 65534", Agent.Run(host, "check").Expect(78).Output, StringComparison.Ordinal);
        Assert.Empty(host.Log.Started);
        Assert.Empty(Directory.GetFileSystemEntries(place));
    }

    /// <summary>Kubernetes' emptyDir, its fsGroup, and Ubuntu's /var/log.</summary>
    [Theory]
    [InlineData("0777", "0")]
    [InlineData("2775", "2000")]
    [InlineData("0775", "104")]
    [InlineData("1777", "0")]
    public void A_directory_that_others_can_write_to_is_warned_of_and_written_to(string mode, string group)
    {
        string[] places = [.. Written.Select(Place)];
        foreach (string place in places) Shell($"chgrp {group} {place} && chmod {mode} {place}");

        Agent.Run(host, "run").Expect(0);

        string found = Agent.Run(host, "check").Expect(0).Output;
        foreach (string place in places)
        {
            Assert.Matches($"warning +[a-z ]+: others can remove and replace files in {place}: ", found);
            foreach (string file in Directory.GetFiles(place)) Assert.Equal(Path.GetFileName(file) == "last" ? "644" : "600", Convert.ToString((int)File.GetUnixFileMode(file), 8));
        }
    }

    /// <summary>Every link and hard link that a user can put into a directory that others can write to.</summary>
    [Theory]
    [InlineData("ln -s {0} {1}; chown -h 65534 {1}")]
    [InlineData("ln {0} {1}")]
    [InlineData("ln -s {0} {1}")]
    public void No_file_of_root_is_changed_through_a_link(string make)
    {
        string root = host.Root + "/shadow";
        File.WriteAllText(root, "root:x:0:0\n");
        File.SetUnixFileMode(root, (UnixFileMode)0b110_100_000);
        // Not the marker of the running script: one that cannot be read makes a start wait for the scripts of every other test.
        string[] names =
        [
            "state/state", "state/.state.dlm-updater-tmp", "state/history.jsonl", "state/upgrade-history", "run/running.new", "run/progress", "run/last",
            "run/.last.dlm-updater-tmp", "run/instance.lock", "locks/e2e.json", "locks/e2e.guard", "locks/.e2e.json.dlm-updater-tmp", "log/agent.log",
        ];
        foreach (string what in (string[])["state", "run", "locks", "log"]) Shell($"chmod 0777 {Place(what)}");
        host.Script("update", "30-once", ":");
        File.WriteAllText(host.StageDirectory("update") + "/30-once", "#!/bin/sh\n# dlm: run=once\nexit 0\n");
        foreach (string name in names)
        {
            string path = name.StartsWith("log/", StringComparison.Ordinal) ? $"{host.Root}/agentlog/{name[4..]}" : $"{host.Root}/{name}";
            Shell($"rm -f {path}; " + string.Format(System.Globalization.CultureInfo.InvariantCulture, make, root, path));
            File.Delete(host.Root + "/marks/updated");

            _ = Agent.Run(host, "run");

            // A link of root's own is followed where files are appended to or replaced: an admin may keep them elsewhere.
            bool isRoots = make.EndsWith("{1}", StringComparison.Ordinal) && make.StartsWith("ln -s", StringComparison.Ordinal) && !make.Contains("chown", StringComparison.Ordinal);
            if (!isRoots) Assert.Equal((name, "root:x:0:0\n", "640"), (name, File.ReadAllText(root), Convert.ToString((int)File.GetUnixFileMode(root), 8)));
            File.WriteAllText(root, "root:x:0:0\n");
            File.SetUnixFileMode(root, (UnixFileMode)0b110_100_000);
            Shell($"rm -f {path} {host.Root}/state/state");
        }
    }

    [Fact]
    public void A_run_as_another_user_than_root_works_in_that_users_directories()
    {
        foreach (string what in Written) Shell($"chown 1000:1000 {Place(what)}");
        Shell($"touch {host.Log.Path}; chown -R 1000 {host.Root}/marks {host.Log.Path}; cp {Binary.Path} {host.Root}/dlm-updater; chmod 755 {host.Root}/dlm-updater; chmod 644 {host.Config}");
        var user = new StartAs { Wrapper = ["/usr/bin/setpriv", "--reuid=1000", "--regid=1000", "--clear-groups"], Executable = host.Root + "/dlm-updater" };

        Agent.Run(host, user, "run").Expect(0);
        Assert.Contains("post_update/20-health", host.Log.Started);
        Assert.Contains("is owned by uid 1000", Agent.Run(host, "run").Expect(78).Error, StringComparison.Ordinal);
    }

    [Fact]
    public void A_full_disk_is_not_writable_for_check()
    {
        foreach (string what in (string[])["state", "run", "log"])
        {
            string place = Place(what);
            host.Mount(place, "-t", "tmpfs", "-o", "size=64k,mode=0755", "none");
            Shell($"cat /dev/zero > {place}/filler; true");
        }

        string found = Agent.Run(host, "check").Expect(78).Output;

        Assert.Matches("error +state directory: nothing can be written to .*No space left on device", found);
        Assert.Matches("error +run directory: nothing can be written to .*No space left on device", found);
        Assert.Matches("error +log file: nothing can be written to .*No space left on device", found);
    }

    [Fact]
    public void A_disk_without_inodes_is_not_writable_for_check()
    {
        string place = Place("state");
        host.Mount(place, "-t", "tmpfs", "-o", "nr_inodes=4,mode=0755", "none");
        Shell($"touch {place}/1 {place}/2 {place}/3; true");
        Assert.Matches("error +state directory: nothing can be written to .*No space left on device", Agent.Run(host, "check").Expect(78).Output);
    }

    [Fact]
    public void A_lock_directory_that_is_gone_with_its_volume_is_not_a_free_lock()
    {
        host.Set("file", "directory", host.Root + "/volume/locks");

        Assert.Contains("does not exist, nor does", Agent.Run(host, "run").Expect(77).Error, StringComparison.Ordinal);

        Ended status = Agent.Run(host, "status").Expect(0);
        Assert.Contains("does not exist, nor does", status.Output, StringComparison.Ordinal);
        Assert.DoesNotContain("free", status.Output, StringComparison.Ordinal);
        Assert.Contains("does not exist, nor does", Agent.Call("lock", "show", "--config", host.Config).Expect(77).Error, StringComparison.Ordinal);
        Assert.True(Agent.Status(host).GetProperty("lock").TryGetProperty("error", out _));
    }

    /// <summary>Runs a verb with the configuration in <paramref name="place"/>.</summary>
    private static Ended With(string place, string verb) => Agent.Call(verb, "--config", place + "/config.ini");

    /// <summary>The configuration, moved into a directory of its own.</summary>
    private string Moved()
    {
        string place = host.Root + "/etc";
        Sandbox.MakeDirectory(place);
        File.Move(host.Config, place + "/config.ini");
        return place;
    }

    /// <summary>Makes one of the directories in which a run writes.</summary>
    private string Place(string what)
    {
        string place = what switch
        {
            "state" => host.StateDirectory,
            "run" => host.RunDirectory,
            "locks" => host.LockDirectory,
            "lock" => host.Root + "/instance",
            _ => host.Root + "/agentlog",
        };
        Sandbox.MakeDirectory(place);
        if (what == "lock") host.Set("main", "lock", place + "/instance.lock");
        if (what == "log") host.Set("main", "log", place + "/agent.log");
        return place;
    }

    private static void Shell(string command)
    {
        (int code, _, string error) = Binary.Command("/bin/sh", "-c", command);
        Assert.True(code == 0, $"{command}: {error}");
    }
}
