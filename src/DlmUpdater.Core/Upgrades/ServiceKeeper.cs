namespace DlmUpdater.Core.Upgrades;

/// <summary>Brings services to the state that a band wants, one after the other, and waits until each has proved it.</summary>
/// <param name="services">The services.</param>
/// <param name="time">The clock.</param>
/// <param name="tell">Who is told.</param>
/// <param name="proves">False: the calls are made and nothing is waited for (<c>--noservicecheck</c>).</param>
internal sealed class ServiceKeeper(IServices services, TimeProvider time, Action<UpgradeEvent> tell, bool proves)
{
    /// <summary>How often it is looked again. Half a second is what a person takes for "at once".</summary>
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(0.5);

    /// <summary>Stops or starts all of a band's services, in their order. Null, or why it stopped there.</summary>
    public async ValueTask<string?> Bring(Band band, CancellationToken cancel)
    {
        foreach (string service in band.Services)
        {
            if (await One(service, band.State, band, cancel) is { } why)
                return why;
        }

        if (band.State == BandState.Down || !proves)
            return null;
        foreach (Proof proof in band.Ready.Where(p => p.Service is null))
        {
            if (await Until(proof.ToString(), band, c => services.Prove(proof, c), cancel) is { } why)
                return why;
        }

        return null;
    }

    /// <summary>What an earlier start had reached: a reboot may have started and stopped what it likes since.</summary>
    public async ValueTask<string?> Restore(IReadOnlyList<Band> passed, CancellationToken cancel)
    {
        foreach ((string service, Band band) in Wanted(passed, BandState.Down).Concat(Wanted(passed, BandState.Up)))
        {
            if (await One(service, band.State, band, cancel) is { } why)
                return why;
        }

        return null;
    }

    /// <summary>Null if everything that the bands so far have started still answers. A back end that died meanwhile is found here, and not by the script that needs it.</summary>
    public async ValueTask<string?> StillUp(IReadOnlyList<Band> passed, CancellationToken cancel)
    {
        if (!proves)
            return null;
        foreach ((string service, Band band) in Wanted(passed, BandState.Up))
        {
            string? why = await services.Look(service, BandState.Up, cancel);
            foreach (Proof proof in band.Ready.Where(p => p.Service == service))
                why ??= await services.Prove(proof, cancel);
            if (why is not null)
                return $"{service}, which the band {band.Name} had started, is not up any more: {why}";
        }

        return null;
    }

    /// <summary>Those of the band's services that run.</summary>
    public async ValueTask<IReadOnlyList<string>> Running(Band band, CancellationToken cancel)
    {
        var running = new List<string>();
        foreach (string service in band.Services)
        {
            if (await services.Look(service, BandState.Down, cancel) is not null)
                running.Add(service);
        }

        return running;
    }

    /// <summary>Each service with the last of the bands that names it, of those that want it so.</summary>
    private static IEnumerable<(string Service, Band Band)> Wanted(IReadOnlyList<Band> passed, BandState state) =>
        passed.SelectMany(b => b.Services).Distinct().Select(s => (Name: s, Band: passed.Last(b => b.Services.Contains(s)))).Where(w => w.Band.State == state);

    private async ValueTask<string?> One(string service, BandState state, Band band, CancellationToken cancel)
    {
        tell(new UpgradeEvent.ServiceSetting(service, state));
        if (await services.Set(service, state, cancel) is { } failed)
            return $"{service} could not be {(state == BandState.Up ? "started" : "stopped")}: {failed}";
        if (!proves)
            return null;
        if (await Until(service, band, c => services.Look(service, state, c), cancel) is { } why)
            return why;
        if (state == BandState.Down)
            return null;
        foreach (Proof proof in band.Ready.Where(p => p.Service == service))
        {
            if (await Until($"{service} ({proof})", band, c => services.Prove(proof, c), cancel) is { } unproved)
                return unproved;
        }

        return null;
    }

    private async ValueTask<string?> Until(string what, Band band, Func<CancellationToken, ValueTask<string?>> look, CancellationToken cancel)
    {
        long begun = time.GetTimestamp();
        while (true)
        {
            string? not = await look(cancel);
            TimeSpan since = time.GetElapsedTime(begun);
            if (not is null)
            {
                tell(new UpgradeEvent.ServiceReady(what, band.State, since));
                return null;
            }

            if (since >= band.ReadyTimeout)
                return $"{what} is not {(band.State == BandState.Up ? "ready" : "down")} after {since.TotalSeconds:0} s: {not}; if it may take longer, set ready_timeout in [band {band.Name}]";
            tell(new UpgradeEvent.Waiting(what, not, since));
            await Task.Delay(Pause, time, cancel);
        }
    }
}
